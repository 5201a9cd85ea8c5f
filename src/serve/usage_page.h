// SPDX-License-Identifier: Apache-2.0
// /-/usage: what the client that asks has used in a month, of every app that knows its key. The loop finds
// out who asks; a worker reads the stores.
#ifndef RECKONER_SERVE_USAGE_PAGE_H
#define RECKONER_SERVE_USAGE_PAGE_H

#include "http/message.h"
#include "serve/request.h"

// For the table of own_pages.h.
bool usage_page_begin(struct request *request, const struct http_request *head);
void usage_page_run(struct task *task, void *worker);

#endif
