// SPDX-License-Identifier: Apache-2.0
// The chunked transfer coding, RFC 9112 section 7.1: a pure, resumable function over bytes. The data is
// handed on where it lies; extensions and trailer fields are checked and dropped.
#ifndef RECKONER_HTTP_CHUNK_H
#define RECKONER_HTTP_CHUNK_H

#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "http/message.h"

// One body being decoded; starts zeroed.
struct http_chunks {
    uint64_t left;    // size read so far, then data bytes still to come
    uint16_t line;    // bytes of the size line so far
    uint16_t digits;  // hexadecimal digits of the size so far
    uint16_t trailer; // bytes of the trailer section so far
    uint8_t state;    // enum state of chunk.c
};

// Takes bytes off the front of `input` up to the next event. HTTP_DATA: `ret_data` borrows from the input.
// HTTP_DONE: the body is whole, and what is left of the input is not of it. HTTP_REFUSED: `ret_refusal` is
// filled. The decoder must not be called again after either.
MUST_CHECK enum http_progress http_chunks_next(
    struct http_chunks *chunks, struct span *input, struct span *ret_data, struct http_refusal *ret_refusal);

#endif
