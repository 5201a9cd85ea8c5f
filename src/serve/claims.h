// SPDX-License-Identifier: Apache-2.0
// The parameters of an endpoint that say who asks: :client, and what its key or token claims.
#ifndef RECKONER_SERVE_CLAIMS_H
#define RECKONER_SERVE_CLAIMS_H

#include "access/client.h"
#include "app/endpoint.h"
#include "app/report.h"
#include "base/arena.h"
#include "base/err.h"

// Reads them into their places of values[endpoint->param_count]; the others stay as they are. What is read
// borrows the client, the endpoint or `arena`. `client` NULL: nobody is known; then :client is null, and a
// claim that is not required its default. ERR_INVALID, with status 403 in the report, where a claim is
// missing or against its rule; ERR_TOO_LARGE when the arena is full; ERR_NO_MEMORY. Any thread.
MUST_CHECK enum err_code claims_read(const struct endpoint *endpoint, const struct client *client,
    struct arena *arena, struct value *values, struct report *report, struct err *err);

#endif
