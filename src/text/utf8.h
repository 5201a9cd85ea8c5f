// SPDX-License-Identifier: Apache-2.0
// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. Pure functions, any
// thread.
#ifndef RECKONER_TEXT_UTF8_H
#define RECKONER_TEXT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

// What may follow a lead byte (RFC 3629 section 4): how many bytes, and the range of the first of them. The
// others are 80 to BF.
struct utf8_lead {
    unsigned char more; // continuation bytes, 1 to 3; 0 when the byte starts no sequence of several bytes
    unsigned char low;  // lowest first continuation byte
    unsigned char high; // highest one
};

struct utf8_lead utf8_lead_of(unsigned char byte);

enum { UTF8_MAX_BYTES = 4 }; // of one code point

// Writes a code point, 0 to 10FFFF and no surrogate; returns how many bytes it has.
size_t utf8_encode(uint32_t code_point, char out[UTF8_MAX_BYTES]);

// Bytes of the valid sequence that `text` starts with, 1 to 4; 0 when there is none, or it is cut short.
size_t utf8_sequence(struct span text);

// What stands for bytes that are no text: U+FFFD.
#define UTF8_REPLACEMENT "\xEF\xBF\xBD"

// Bytes of the longest valid prefix of `text`.
size_t utf8_prefix(struct span text);

// True for valid text, empty text included.
MUST_CHECK bool utf8_valid(struct span text);

// Whether every store takes it for a text: it is valid, and has no NUL.
MUST_CHECK bool utf8_is_text(struct span text);

// Code points of valid text.
size_t utf8_count(struct span text);

// Whether two texts are equal when letters in capitals are those without: of ASCII, and of the Latin, Greek
// and Cyrillic letters below U+0460.
bool utf8_equal_nocase(struct span a, struct span b);

// Length of the longest prefix of valid text that has at most max_bytes bytes and ends between code points.
// For invalid text it is max_bytes less at most three.
size_t utf8_cut(struct span text, size_t max_bytes);

#endif
