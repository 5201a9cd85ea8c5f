// SPDX-License-Identifier: Apache-2.0
// How a read ends: its answer is kept, it goes back to its client, and so do the requests that have waited
// for the same answer. On the thread that has the request.
#ifndef RECKONER_SERVE_LANDING_H
#define RECKONER_SERVE_LANDING_H

#include "cache/kept.h"
#include "serve/request.h"

// Whether answers of the request's endpoint are kept, as far as is known. Any thread.
bool landing_may_keep(const struct request *request);

// Notes that they are not. Any thread.
void landing_keep_none(const struct request *request);

// The state that an answer was read from.
struct landing_marks {
    struct mark *marks; // of all that the answer hangs on; borrowed
    size_t count;       //
    bool are_known;     // else the answer is not kept
};

// The response is set, of an endpoint's answer (request_set_answer): keeps it, and writes its header lines.
// Returns a reference to it in the form in which others can have it; NULL: they cannot, or it is not kept and
// not `is_shared`.
struct kept *landing_keep(
    struct request *request, const struct landing_marks *marks, uint64_t start_ns, bool is_shared);

// The same, and sends it to all whom it is for. The request is not the caller's any more.
void landing_answer(struct request *request, const struct landing_marks *marks, uint64_t start_ns);

// The same with an error, which the response tells already.
void landing_error(struct request *request);

// The same when the pool has no time for it (request_set_full).
void landing_refuse(struct request *request, unsigned retry_s);

// Sends the request back as it is if its client has gone; true then. Somebody else reads for those who wait.
bool landing_give_up(struct request *request);

#endif
