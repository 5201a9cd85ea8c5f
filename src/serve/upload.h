// SPDX-License-Identifier: Apache-2.0
// The body of a request on its way from http to a parse thread, part by part. On the request's loop.
//
//     http ─ upload_take_part ─ a part ─► parses pool ─ mail ─► credit for http, and the next part
//                                          after the last one: write.c's writer, or the answer's read
#ifndef RECKONER_SERVE_UPLOAD_H
#define RECKONER_SERVE_UPLOAD_H

#include "serve/request.h"

// Takes what has come of the body, if that is worth a task; behind the last part the request is answered. For
// a request that is not away: one that is takes what has come when it is back.
void upload_take_part(struct request *request, struct http_exchange *exchange);

#endif
