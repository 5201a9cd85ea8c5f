// SPDX-License-Identifier: Apache-2.0
// The life of a request, from its route to its answer, as http's handler.
//
//     loop    on_request ─ route ─ method ─ Accept ─ parameters ─┬─ read ──────────────► reads pool
//                                                                └─ body ─ on_body ────► parses pool ─►
//                                                                writer
//     loop    on_mail ◄─ mail ─────────────────────────────────────────────────────────────┘
//             http_reply ─ on_end ─ access log ─ free
//
// A request is owned by one thread at a time: by the loop while it is there, by the pool or writer that it
// was handed to until the mail comes back. When its client goes away meanwhile, the loop frees it when the
// mail comes.
#ifndef RECKONER_SERVE_REQUEST_H
#define RECKONER_SERVE_REQUEST_H

#include "http/server.h"
#include "serve/context.h"

// The handler that answers with `context`'s services; context is borrowed while http runs.
struct http_handler request_handler(struct context *context);

#endif
