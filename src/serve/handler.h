// SPDX-License-Identifier: Apache-2.0
// What happens to a request, as http's handler. From its route to its bytes it goes through these files, each
// of which knows only those below it:
//
//     handler ─ near_hit                                     answered lately in the same words
//        │
//     request_head ─ routing, door, paying, params, body_head       what it asks for, and who asks
//        │              └─ waiting                                   for files, keys, a ration: then anew
//        ├─ read_begin ─ recall, loop_reads                          kept, or read on the loop
//        │      └─ reads_task ─► read, recode, static, own pages     on the pool of reads
//        └─ write_begin ─ upload ─► write, async, question           on the pool of parses, then the writer
//
//     away ─ reply ─► http                                           the way back
#ifndef RECKONER_SERVE_HANDLER_H
#define RECKONER_SERVE_HANDLER_H

#include "http/server.h"
#include "serve/context.h"

// The handler that answers with `context`'s services; context is borrowed while http runs.
struct http_handler request_handler(struct context *context);

#endif
