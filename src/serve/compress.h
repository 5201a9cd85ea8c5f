// SPDX-License-Identifier: Apache-2.0
// Answers and files in another content coding, where that makes them smaller. Each function works in the
// thread that calls it. An answer of LIMIT_SPOOL_BYTES takes a millisecond, so a loop does it with small
// ones.
#ifndef RECKONER_SERVE_COMPRESS_H
#define RECKONER_SERVE_COMPRESS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/blob.h"
#include "base/spool.h"
#include "text/compressor.h"

enum { COMPRESSORS_KEPT = 16 }; // of those that nobody uses, for the next ones who do: up to 1.7 MB each

// The compressors of a process. Zeroed at first; any thread.
struct compressors {
    _Atomic(struct compressor *) kept[COMPRESSORS_KEPT]; // owned; NULL: a free place
    atomic_bool were_used;                               // since compressors_trim was called last
};

// Frees those that are kept. When nobody uses one any more.
void compressors_fini(struct compressors *compressors);

// Frees them if none was used since the last call. Any thread.
void compressors_trim(struct compressors *compressors);

// Compresses the bytes of an ended spool, and leaves it with those in their place. True when it has; the
// spool is as it was when there is not an eighth to gain, the answer is shorter than LIMIT_CODED_BYTES, the
// coding is identity, or there is no memory, no room on disk, or nobody waits any more (`in_vain`, which
// another thread may set).
MUST_CHECK bool compress_spool(
    struct compressors *compressors, enum coding coding, struct spool *spool, const atomic_bool *in_vain);

// The same with the first `bytes` bytes of an open file, into a spool that is inited and empty; ends it. When
// it is false the spool is of no use any more.
MUST_CHECK bool compress_file(struct compressors *compressors, enum coding coding, int fd, uint64_t bytes,
    struct spool *out, const atomic_bool *in_vain);

// The same with bytes in memory: the caller owns the blob that it gets. NULL: they are better left as they
// are.
MUST_CHECK struct blob *compress_blob(
    struct compressors *compressors, enum coding coding, const struct blob *blob);

#endif
