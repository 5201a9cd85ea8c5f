// SPDX-License-Identifier: Apache-2.0
// /-/batches: which batches have gone in, from where, the newest first.
#ifndef RECKONER_SERVE_BATCHES_PAGE_H
#define RECKONER_SERVE_BATCHES_PAGE_H

#include "http/message.h"
#include "serve/request.h"

// For the table of own_pages.h.
bool batches_page_begin(struct request *request, const struct http_request *head);
void batches_page_run(struct task *task, void *worker);

#endif
