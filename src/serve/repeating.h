// SPDX-License-Identifier: Apache-2.0
// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07) on a write: reads the key, works out what
// was sent while it comes, and says what a repeat is told. What is kept, and when, is batch/repeat.h's.
#ifndef RECKONER_SERVE_REPEATING_H
#define RECKONER_SERVE_REPEATING_H

#include "batch/repeat.h"
#include "serve/request.h"

struct repeating;

// Reads the key of a routed write whose parameters have passed, if it has one: sets request->repeating. False
// with the response. On the loop.
MUST_CHECK bool repeating_begin(struct request *request, const struct http_request *head);

// Takes more of the body, as it came. On the thread that has the request. NULL is fine.
void repeating_feed(struct repeating *repeating, struct span bytes);

// All of the body has come, and is submitted next, as a batch or as a job: *ret_repeat is its key, NULL: it
// has none. False with the response: another one with that key is under way. On the thread that has the
// request.
MUST_CHECK bool repeating_enter(struct request *request, struct repeat **ret_repeat);

// What was submitted has its outcome, or was not submitted after all. Harmless without a key. Any thread.
void repeating_leave(struct request *request);

// Whether the outcome is one that the key had before.
bool repeating_is_replayed(const struct request *request);

// Sets the response of a request that its key has ended; false where it has not.
MUST_CHECK bool repeating_refuse(struct request *request);

#endif
