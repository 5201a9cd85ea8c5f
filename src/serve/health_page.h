// SPDX-License-Identifier: Apache-2.0
// /-/livez and /-/readyz: whether the server is well.
#ifndef RECKONER_SERVE_HEALTH_PAGE_H
#define RECKONER_SERVE_HEALTH_PAGE_H

#include <stdbool.h>

#include "http/message.h"
#include "serve/request.h"

// For the table of own_pages.h.
void health_page_set_live(struct request *request, const struct http_request *head);
void health_page_set_ready(struct request *request, const struct http_request *head);

// Whether /-/readyz is green: the server takes requests, and every store is in reach. Any thread.
bool health_is_ready(const struct context *context);

#endif
