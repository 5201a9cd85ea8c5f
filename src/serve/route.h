// SPDX-License-Identifier: Apache-2.0
// From a path to the endpoints behind it, over all apps of the process. Built before the server runs,
// immutable then.
#ifndef RECKONER_SERVE_ROUTE_H
#define RECKONER_SERVE_ROUTE_H

#include "app/app.h"
#include "base/err.h"
#include "serve/service.h"

struct route; // one path, with its endpoints by method
struct routes;

// A table over the endpoints of all services, which are borrowed. ERR_CONFIG, naming both files, when two of
// them claim the same method and path.
MUST_CHECK enum err_code routes_new(
    const struct service *services, size_t count, struct routes **ret_routes, struct err *err);

// NULL is fine.
void routes_free(struct routes *routes);

// The route of a decoded path, or NULL. Any thread.
const struct route *routes_find(const struct routes *routes, struct span path);

// The endpoint that answers `method` there, or NULL; HEAD is answered by GET's. *ret_service is the number of
// its service.
const struct endpoint *route_endpoint(
    const struct route *route, enum http_method method, size_t *ret_service);

// The value of Allow for the route: "GET, HEAD, OPTIONS" (RFC 9110 section 10.2.1).
const char *route_allow(const struct route *route);

#endif
