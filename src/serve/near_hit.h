// SPDX-License-Identifier: Apache-2.0
// A request that is answered by what its loop has answered lately in the same words (near.h): found, judged
// at the door, and replied to without more ado. On the request's loop.
#ifndef RECKONER_SERVE_NEAR_HIT_H
#define RECKONER_SERVE_NEAR_HIT_H

#include "serve/near.h"
#include "serve/request.h"

// Valid while the loop does nothing else.
struct near_hit {
    const struct near_answer *answer; // NULL: none
    struct lease *lease;              // the loop's newest, by which it was found
    int status;                       // 200, say, or 304
    bool is_traced;                   // its spans may be wanted, so it goes on as a request
    struct toll toll;                 // what that pays; ended by near_hit_reply
    int64_t now_ns;                   // monotonic, when it was found
    const struct cors *cors;          // the app's; NULL: its answers have nothing of it
    struct span origin;               // that the request names; the head's
    struct client *client;            // who asks; the lease's; NULL: nobody who has said so
};

// What the loop knows for the head, and who asks may have. What the door refuses is none here: it goes the
// long way, where it is told why.
struct near_hit near_hit_find(
    struct context *context, const struct http_exchange *exchange, const struct http_request *head);

// Answers with it.
void near_hit_reply(struct near_hit *hit, struct http_exchange *exchange);

// Gives a request that goes on, for what is written of it, all that is known of it.
void near_hit_describe(const struct near_hit *hit, struct request *request);

// Has the loop know request->kept, which the request is answered with, by the words of its head.
void near_hit_note(const struct request *request, const struct http_request *head);

#endif
