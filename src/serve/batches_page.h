// SPDX-License-Identifier: Apache-2.0
// /-/batches: which batches have gone in, from where, the newest first.
#ifndef RECKONER_SERVE_BATCHES_PAGE_H
#define RECKONER_SERVE_BATCHES_PAGE_H

#include "serve/request.h"

// Reads what is asked for, and whose batches the client may see: sets the response, or request->page_run, or
// neither where it has to be known first whose key it is. On the loop.
void batches_page_set(struct request *request, const struct http_request *head);

#endif
