// SPDX-License-Identifier: Apache-2.0
// What happens to requests on the loop, as http's handler.
//
//     loop    on_request ─ (reload) ─ route ─ parameters ─ format ─┬─ read.c, static.c ────► reads pool
//                                                                  └─ body ─ on_body ────► parses pool ─►
//                                                                  writer (write.c)
//     loop    on_answered ◄─ mail ────────────────────────────────────────────────┘
//             http_reply ─ on_end ─ access log ─ free
#ifndef RECKONER_SERVE_HANDLER_H
#define RECKONER_SERVE_HANDLER_H

#include "http/server.h"
#include "serve/context.h"

// The handler that answers with `context`'s services; context is borrowed while http runs.
struct http_handler request_handler(struct context *context);

#endif
