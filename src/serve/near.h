// SPDX-License-Identifier: Apache-2.0
// Kept answers that a loop has given lately, by the very bytes of the requests: a request that comes again in
// the same words needs no routing, no parameters and no look-up in what all loops share. Of the loop's
// thread.
#ifndef RECKONER_SERVE_NEAR_H
#define RECKONER_SERVE_NEAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "cache/kept.h"
#include "http/message.h"

struct endpoint; // app/endpoint.h
struct near;

// What of a request's head decides about its answer.
struct near_words {
    struct span target;          // path and query, as they came
    struct span accept;          // of the only such field; at NULL: there is none
    struct span accept_encoding; // likewise
    struct span none_match;      // likewise: If-None-Match
    struct span authorization;   // likewise; what these two show is judged for each request
    struct span api_key;         // likewise: X-API-Key
    struct span origin;          // likewise: Origin, which decides about header lines alone
    bool has_trace;              // it has a traceparent, which decides nothing about the answer
    uint64_t hash;               // of the first three
};

// What is known by them.
struct near_answer {
    struct kept *kept;               // a reference; NULL: nothing
    const struct endpoint *endpoint; // of the edition; borrowed
    size_t service;                  // that it is of
    uint32_t series;                 // what its requests count as (tally.h)
};

MUST_CHECK enum err_code near_new(struct near **ret_near, struct err *err);

// NULL is fine.
void near_free(struct near *near);

// Whether the head is of a GET or HEAD in which nothing else decides; *ret_words borrows it.
bool near_words_of(const struct http_request *head, struct near_words *ret_words);

// The answer to a request in these words, of that edition and current; NULL: none is known. It is the near's,
// and valid until the next call.
const struct near_answer *near_find(struct near *near, const struct near_words *words, uint64_t edition);

// Notes a kept answer that was given to such a request, unless it is large; takes a reference of its own. Of
// a store whose versions do not lag, without a cursor, and the same for all clients that may ask.
void near_note(
    struct near *near, const struct near_words *words, uint64_t edition, const struct near_answer *answer);

#endif
