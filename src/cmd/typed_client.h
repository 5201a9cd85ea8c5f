// SPDX-License-Identifier: Apache-2.0
// Who asks in a request that a person types: the query says what a key would say of its client, as in
// "GET /orders?client=k_1&tenant=acme". A server takes neither from a query. Any thread.
#ifndef RECKONER_CMD_TYPED_CLIENT_H
#define RECKONER_CMD_TYPED_CLIENT_H

#include <stdbool.h>

#include "access/client.h"
#include "app/endpoint.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

struct typed_client {
    struct client client; // its id is empty where the query names none; texts are the arena's or the query's
    bool is_known;        // the query says something of it
    struct span rest;     // of the query: what is the request's own, as it stood
};

// Takes client= and the claims from the query to an endpoint that is personal. A name that a parameter has as
// well is the parameter's. ERR_INVALID for one that comes twice or is badly encoded; ERR_NO_MEMORY.
MUST_CHECK enum err_code typed_client_read(const struct endpoint *endpoint, struct span query,
    struct arena *arena, struct typed_client *ret_client, struct err *err);

#endif
