// SPDX-License-Identifier: Apache-2.0
// /-/metrics: has the scrape's thread write the text (scrape.h), and answers with it.
#ifndef RECKONER_SERVE_METRICS_PAGE_H
#define RECKONER_SERVE_METRICS_PAGE_H

#include "http/message.h"
#include "serve/request.h"

// For the table of own_pages.h.
bool metrics_page_begin(struct request *request, const struct http_request *head);
void metrics_page_ask(struct request *request);

#endif
