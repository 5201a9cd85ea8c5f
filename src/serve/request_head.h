// SPDX-License-Identifier: Apache-2.0
// What a request's head asks for: routed, let in, and read to its last field. On the request's loop.
//
//     lease ─ route ─┬─ a page of the server's own ──────────────────► PAGE
//                    ├─ a file ──────────────────────────────────────► FILE
//                    └─ an endpoint ─ door ─ plan ─ parameters ─┬────► READ, QUESTION
//                                                               └────► WRITE, ROWS
//     whatever is wrong on the way ► REPLY; what is not known yet ► KEYS, RATION, and the head is read anew
#ifndef RECKONER_SERVE_REQUEST_HEAD_H
#define RECKONER_SERVE_REQUEST_HEAD_H

#include "base/attr.h"
#include "http/message.h"
#include "serve/request.h"

// What comes next for the request.
enum next_step {
    NEXT_REPLY,    // the response is set
    NEXT_KEYS,     // which keys there are has to be asked: waiting.h
    NEXT_RATION,   // how much of its plan its client may use, likewise
    NEXT_PAGE,     // of the server's own: request->page
    NEXT_FILE,     // request->file
    NEXT_QUESTION, // its body, and then it is a read
    NEXT_READ,     // the parameters are read, as in the next two
    NEXT_WRITE,    // without rows
    NEXT_ROWS,     // its body
};

// Reads a head of which nothing is known, or which has waited for keys or a ration.
MUST_CHECK enum next_step request_head_read(
    struct request *request, const struct http_exchange *exchange, const struct http_request *head);

// Whatever becomes of the request, a credential in its query is no business of a log: writes over it in the
// line for that. The request has its lease.
void request_head_mask_credentials(struct request *request, const struct http_request *head);

#endif
