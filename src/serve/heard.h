// SPDX-License-Identifier: Apache-2.0
// The head of a request that outlives the call that brought it. On the request's loop.
#ifndef RECKONER_SERVE_HEARD_H
#define RECKONER_SERVE_HEARD_H

#include <stdbool.h>

#include "http/message.h"
#include "serve/request.h"

// Keeps a copy of the head as request->heard, unless it has one already; false without memory. http frees the
// head when on_request of the handler returns, and the request may go on later.
bool heard_keep(struct request *request, const struct http_request *head);

#endif
