// SPDX-License-Identifier: Apache-2.0
// Whose key a request for one of the server's own pages shows. Each app says for itself whose it is, as one
// key may be of several apps. On the loop.
#ifndef RECKONER_SERVE_ASKER_H
#define RECKONER_SERVE_ASKER_H

#include <stdbool.h>

#include "http/message.h"
#include "serve/door.h"
#include "serve/request.h"

struct asker_client {
    size_t service;   // in whose app …
    struct span id;   // … the client is known by that id; the lease's
    const char *kind; // and what kind it is, as sender_kind has it
};

struct asker {
    size_t count;                 // of clients
    struct asker_client *clients; // the arena's
};

// An endpoint that asks no more of a client than to be known.
extern const struct endpoint ASKER_ENDPOINT;

// The clients of all apps whose key the request shows; request->client is one of them. What the doors say
// that do not know it, is *ret_verdict: the most telling of that; DOOR_CLIENT when one knows it, DOOR_MISSING
// when none is shown where some app wants keys. False, with the response, without memory.
MUST_CHECK bool asker_find(struct request *request, const struct http_request *head, struct asker *ret_asker,
    enum door_verdict *ret_verdict);

#endif
