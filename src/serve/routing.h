// SPDX-License-Identifier: Apache-2.0
// The route of a request, by its edition's table (route.h), and what it is told where it has none. On the
// request's loop.
#ifndef RECKONER_SERVE_ROUTING_H
#define RECKONER_SERVE_ROUTING_H

#include <stdbool.h>

#include "http/message.h"
#include "serve/request.h"
#include "serve/route.h"

// Finds the route of a request that has its lease, among those that are answered at the listener that it came
// by. False with the response: 404, 405, what OPTIONS asks, a preflight, or the way to the documentation.
MUST_CHECK bool routing_find(struct request *request, const struct http_exchange *exchange,
    const struct http_request *head, struct route_match *ret_match);

// Sets the response of a path that is a folder's without its slash: where that is.
void routing_set_redirect(struct request *request, const struct http_request *head);

#endif
