// SPDX-License-Identifier: Apache-2.0
// /-/metrics: has the scrape's thread write the text (scrape.h), and answers with it.
#ifndef RECKONER_SERVE_METRICS_PAGE_H
#define RECKONER_SERVE_METRICS_PAGE_H

#include "serve/request.h"

// For own_pages.c: it is for the scrape.
void metrics_page_set(struct request *request, const struct http_request *head);

// Lends the request to the scrape's thread, until its mail. On its loop.
void metrics_page_ask(struct request *request);

#endif
