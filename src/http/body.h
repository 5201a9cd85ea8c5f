// SPDX-License-Identifier: Apache-2.0
// A part of a request's body: a chain of blocks, so that no byte is copied to make them one. Owned by one
// thread at a time. The memory of all bodies together is bounded by a budget that they share.
#ifndef RECKONER_HTTP_BODY_H
#define RECKONER_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/err.h"
#include "base/span.h"

struct body_block;

// Zeroed, it is an empty one. May be moved to another struct http_body by assignment.
struct http_body {
    struct budget *budget;    // borrowed; NULL: none
    struct body_block *first; // oldest; owned, with all after it
    struct body_block *last;  // youngest
    bool is_first_taken;      // http_body_next has handed out `first`
    size_t len;               // bytes appended, whether taken since or not
    uint64_t expected_bytes;  // that are said to come in all; 0 when unknown
};

// An empty body. `expected_bytes` sizes its blocks, no more; `budget` is borrowed, NULL for none, and
// outlives the body.
void http_body_init(struct http_body *body, struct budget *budget, uint64_t expected_bytes);

// Adds a copy of `bytes` at the end. ERR_BUSY when the budget has no room, ERR_NO_MEMORY; part of the bytes
// may have been added then.
MUST_CHECK enum err_code http_body_append(struct http_body *body, struct span bytes);

// Takes the next block off the front, or returns false when there is none. The bytes are valid until the next
// call or http_body_fini, so that memory shrinks while a body is worked through.
bool http_body_next(struct http_body *body, struct span *ret_bytes);

// Frees what is left; the struct is zeroed. A zeroed body and NULL are fine. Any thread.
void http_body_fini(struct http_body *body);

#endif
