// SPDX-License-Identifier: Apache-2.0
// /-/docs: the documentation of the apps, as the edition has it (docs.h).
#ifndef RECKONER_SERVE_DOCS_PAGE_H
#define RECKONER_SERVE_DOCS_PAGE_H

#include "http/message.h"
#include "serve/request.h"

// For the table of own_pages.h.
void docs_page_set(struct request *request, const struct http_request *head);

#endif
