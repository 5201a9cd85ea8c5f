// SPDX-License-Identifier: Apache-2.0
// A finished answer and the versions of what it was made of. Immutable once made, but for the marks that the
// cache sets on it; counted references, on any thread.
#ifndef RECKONER_CACHE_KEPT_H
#define RECKONER_CACHE_KEPT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/blob.h"
#include "base/span.h"
#include "cache/key.h"
#include "store/versions.h"

// A version that an answer hangs on, and the number that it had in the state that was read.
struct mark {
    const struct version *version; // valid while its store is open
    uint64_t number;               // not 0
};

struct kept {
    atomic_uint references;
    atomic_bool was_used;     // a hit since the cache has looked last; the cache's
    struct key key;           // owned, as all texts below
    int status;               // of the answer
    const char *content_type; // static; NULL: no body
    unsigned coding;          // of the body; the caller's number
    struct blob *body;        // an owned reference; NULL: none
    struct span headers;      // lines of a hit, each ended by CRLF; also a C string
    struct span etag;         // with its quotes, part of `headers`; at NULL: none
    struct span cursor;       // of the next page; empty: none
    uint64_t rows;            // of the answer
    struct mark *marks;       // of all that it hangs on
    size_t mark_count;        //
    bool has_marks;           // it may be kept; else it is only for those who have waited for it
    size_t bytes;             // of memory, all told
};

// Makes one of borrowed parts: copies texts and marks, and takes a reference of the body. `draft` is filled
// but for references, was_used and bytes; its etag lies in its headers. NULL without memory.
MUST_CHECK struct kept *kept_new(const struct kept *draft);

// One more reference; returns kept. NULL is fine.
struct kept *kept_ref(struct kept *kept);

// Drops a reference. NULL is fine.
void kept_unref(struct kept *kept);

// Whether all versions still have the numbers of the marks. As exact as version_now: no lock, no system call.
bool kept_is_current(const struct kept *kept);

#endif
