// SPDX-License-Identifier: Apache-2.0
// What happens to requests on the loop, as http's handler.
//
//     loop    on_request ─ (reload) ─ route ─ parameters ─ format ─┬─ read.c, static.c ► reads pool
//                                                                  ├─ no body ────────► writer
//                                                                  └─ take_part ──────► parses pool ─┐
//     loop    on_parsed ◄─ mail, for the next part ◄───────────────────── write_parse ◄──────────────┤
//                                                                         after the last: writer ◄───┘
//     loop    on_answered, on_parsed ◄─ mail of the reads pool or the writer
//             http_reply ─ on_end ─ access log ─ free
#ifndef RECKONER_SERVE_HANDLER_H
#define RECKONER_SERVE_HANDLER_H

#include "http/server.h"
#include "serve/context.h"

// The handler that answers with `context`'s services; context is borrowed while http runs.
struct http_handler request_handler(struct context *context);

#endif
