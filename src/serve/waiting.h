// SPDX-License-Identifier: Apache-2.0
// What a request may have to wait for before its head can be read to the end: edited files, keys, a ration.
// Then its head is read anew. On the request's loop.
//
//     head ─ waiting_for_… ─ away … mail: go_on ─ waiting_end ─► the exchange: read request->heard
//                                                            └─► NULL: answered, or its client has gone
#ifndef RECKONER_SERVE_WAITING_H
#define RECKONER_SERVE_WAITING_H

#include <stdbool.h>

#include "http/message.h"
#include "serve/request.h"

// Whether the request has to wait until edited files are in force. Before its head is read.
bool waiting_for_reload(struct request *request, struct http_exchange *exchange,
    const struct http_request *head, void (*go_on)(struct mail *mail));

// Waits until the keeper has asked which keys there are; or, with request->asked_issuer, until that was asked
// for the keys of its tokens. The request gives its lease back, as the next one has what is new.
void waiting_for_keys(struct request *request, struct http_exchange *exchange,
    const struct http_request *head, void (*go_on)(struct mail *mail));

// Waits until the store has been asked for more of what the client may use of its plan.
void waiting_for_ration(struct request *request, struct http_exchange *exchange,
    const struct http_request *head, void (*go_on)(struct mail *mail));

// Ends either. The head is request->heard then.
struct http_exchange *waiting_end(struct request *request);

#endif
