// SPDX-License-Identifier: Apache-2.0
// What of a request is counted for operators (tally.h), once, when its exchange is over: whatever became of
// it, and of those, too, that http refuses by itself. On the request's loop.
#ifndef RECKONER_SERVE_COUNTING_H
#define RECKONER_SERVE_COUNTING_H

#include <stddef.h>
#include <stdint.h>

#include "http/server.h"
#include "serve/near_hit.h"
#include "serve/request.h"

// Notes on an exchange that has no request of its own what it is to count as.
void counting_note_near(struct http_exchange *exchange, const struct near_hit *hit);

// An exchange is over. `request`: NULL where it has none.
void counting_end(const struct context *context, const struct request *request,
    const struct http_exchange *exchange, int status, size_t body_bytes);

#endif
