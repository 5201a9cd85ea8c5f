// SPDX-License-Identifier: Apache-2.0
// The way back from text/compressor.h: members of gzip (RFC 1952) or frames of zstd (RFC 8878), one behind
// the other, become the bytes that were compressed. What comes from clients is bounded, as a few bytes may
// stand for very many. One thread at a time.
#ifndef RECKONER_TEXT_DECOMPRESSOR_H
#define RECKONER_TEXT_DECOMPRESSOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "text/compressor.h"

struct decompressor;

// One for a stream in a coding other than identity, of at most max_bytes when it is decompressed; past
// LIMIT_RATIO_FREE_BYTES also of at most LIMIT_RATIO times its own size. UINT64_MAX: neither holds.
// ERR_NO_MEMORY.
MUST_CHECK enum err_code decompressor_new(
    enum coding coding, uint64_t max_bytes, struct decompressor **ret_decompressor, struct err *err);

// Takes bytes off the front of `in`, and gives what comes of them; *ret_out is valid until the next call.
// Call it until it gives nothing: then `in` is empty. ERR_MALFORMED for a stream that is damaged, or for
// bytes behind its end; ERR_TOO_LARGE past the bounds, or for a zstd window of more than
// LIMIT_ZSTD_WINDOW_LOG; ERR_NO_MEMORY. After an error only decompressor_free is of use.
MUST_CHECK enum err_code decompressor_next(
    struct decompressor *decompressor, struct span *in, struct span *ret_out, struct err *err);

// The input has ended: ERR_MALFORMED when the stream has not, or never began.
MUST_CHECK enum err_code decompressor_finish(const struct decompressor *decompressor, struct err *err);

// The memory that it has.
size_t decompressor_held_bytes(const struct decompressor *decompressor);

// NULL is fine.
void decompressor_free(struct decompressor *decompressor);

#endif
