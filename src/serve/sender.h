// SPDX-License-Identifier: Apache-2.0
// Who has sent a batch, as its record says it.
#ifndef RECKONER_SERVE_SENDER_H
#define RECKONER_SERVE_SENDER_H

#include "batch/record.h"
#include "serve/request.h"

// What kind of client it is, as records have it: "key", "token" or "certificate".
const char *sender_kind(const struct client *client);

// The client's id as records have it, without control bytes: memory of the arena. Its `at` is NULL without
// memory.
struct span sender_id(const struct client *client, struct arena *arena);

// Reads who sends the request, as memory of its arena; false without memory. On its loop.
MUST_CHECK bool sender_read(
    struct request *request, struct http_exchange *exchange, struct batch_source *ret_source);

#endif
