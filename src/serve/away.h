// SPDX-License-Identifier: Apache-2.0
// A request that is away from its loop: somebody else has it (request.h lists them), and sends it back as
// mail (request_send_back). Its client may go meanwhile: then it is freed when its mail comes. On the
// request's loop.
//
//     loop      away_begin ─ (handed over) …            … mail: come_back ─ away_end ─► the exchange
//     others                 they have the request ─────┘                           └─► NULL: nothing is left
//     to do
#ifndef RECKONER_SERVE_AWAY_H
#define RECKONER_SERVE_AWAY_H

#include "serve/request.h"

// The request is about to go; when it is back, `come_back` is called on the loop with its mail.
void away_begin(
    struct request *request, struct http_exchange *exchange, void (*come_back)(struct mail *mail));

// The same for a request that comes back with its response, which is sent then.
void away_begin_for_reply(struct request *request, struct http_exchange *exchange);

// After either: nobody has taken the request, so it stays on its loop.
void away_stay(struct request *request);

// The request has come back: its exchange. NULL when the client has gone: then the request is freed. NULL,
// too, when http has refused the rest of its body meanwhile, and on_end of the handler is still to come.
struct http_exchange *away_end(struct request *request);

#endif
