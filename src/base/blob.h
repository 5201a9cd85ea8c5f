// SPDX-License-Identifier: Apache-2.0
// Immutable shared bytes with a reference count: a finished answer, written to any number of sockets without
// a copy. References may be taken and dropped on any thread.
#ifndef RECKONER_BASE_BLOB_H
#define RECKONER_BASE_BLOB_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"

struct blob {
    atomic_uint references; // freed when the last one is dropped
    size_t len;             // bytes
    char *data;             // owned, never changed after blob_take
};

// Moves the content of `buf` into a new blob with one reference, and leaves buf empty (its max stays).
// NULL without memory or when buf has failed; buf is unchanged then.
MUST_CHECK struct blob *blob_take(struct buf *buf);

// One more reference; returns blob. NULL is fine.
struct blob *blob_ref(struct blob *blob);

// Drops a reference. NULL is fine.
void blob_unref(struct blob *blob);

#endif
