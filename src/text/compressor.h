// SPDX-License-Identifier: Apache-2.0
// Compression as HTTP has it (RFC 9110 section 8.4.1): a stream of bytes becomes one member of gzip (RFC
// 1952) or one frame of zstd (RFC 8878).
#ifndef RECKONER_TEXT_COMPRESSOR_H
#define RECKONER_TEXT_COMPRESSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum coding {
    CODING_IDENTITY, // as it is
    CODING_GZIP,
    CODING_ZSTD,
    CODINGS, // how many there are
};

// What compressing needs, for one stream after the other. One thread at a time.
struct compressor;

// One that has used no memory for streams yet. NULL without memory.
MUST_CHECK struct compressor *compressor_new(void);

// NULL is fine.
void compressor_free(struct compressor *compressor);

// Begins a stream of `bytes` bytes in all, in a coding other than identity. Whatever came before is
// forgotten. ERR_NO_MEMORY.
MUST_CHECK enum err_code compressor_begin(struct compressor *compressor, enum coding coding, uint64_t bytes);

// Appends to `out` what there is of the stream once `in` is part of it, and all of it after the last part.
// ERR_NO_MEMORY; ERR_TOO_LARGE: out is full; ERR_INVALID: the parts are not as many bytes as was said. After
// an error only compressor_begin and compressor_free are of use.
MUST_CHECK enum err_code compressor_add(
    struct compressor *compressor, struct span in, bool is_last, struct buf *out);

#endif
