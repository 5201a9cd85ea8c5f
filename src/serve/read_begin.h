// SPDX-License-Identifier: Apache-2.0
// How a read of an endpoint begins, from the cheapest way to have its answer to the dearest. On its loop.
//
//     recall ─┬─ kept ─────────────────► reply
//             ├─ kept, if the store says that nothing was committed: asked, and recalled again
//             ├─ kept, in another coding ► reads pool (recode.c)
//             └─ not kept ─┬─ cheap: the loop reads it ► reply
//                          ├─ another one reads it: waits for that flight
//                          └─ reads pool (read.c)
#ifndef RECKONER_SERVE_READ_BEGIN_H
#define RECKONER_SERVE_READ_BEGIN_H

#include "http/message.h"
#include "serve/request.h"

// Answers the request, whose parameters have passed, or has it answered. `head` is its own, or as it was
// kept.
void read_begin(struct request *request, struct http_exchange *exchange, const struct http_request *head);

#endif
