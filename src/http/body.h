// SPDX-License-Identifier: Apache-2.0
// A request body as it came in: a chain of blocks, so that no byte is copied to make them one. Owned by one
// thread at a time. The memory of all bodies together is bounded by a budget that they share.
#ifndef RECKONER_HTTP_BODY_H
#define RECKONER_HTTP_BODY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

struct http_body;

// What bodies may take together. Outlives every body that was charged to it.
struct http_budget {
    atomic_size_t used_bytes; // blocks that exist now; any thread
    size_t max_bytes;         // used_bytes never exceeds this; fixed
};

// An empty body. `expected_bytes` (0 when unknown) sizes its blocks, no more; `budget` is borrowed, NULL for
// none. NULL without memory.
MUST_CHECK struct http_body *http_body_new(struct http_budget *budget, uint64_t expected_bytes);

// Adds a copy of `bytes` at the end. ERR_BUSY when the budget has no room, ERR_NO_MEMORY; part of the bytes
// may have been added then.
MUST_CHECK enum err_code http_body_append(struct http_body *body, struct span bytes);

// Bytes in all: those that were appended, whether taken since or not.
size_t http_body_len(const struct http_body *body);

// Takes the next block off the front, or returns false when there is none. The bytes are valid until the next
// call or http_body_free, so that memory shrinks while a body is worked through.
bool http_body_next(struct http_body *body, struct span *ret_bytes);

// Frees what is left. NULL is fine. Any thread.
void http_body_free(struct http_body *body);

#endif
