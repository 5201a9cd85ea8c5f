// SPDX-License-Identifier: Apache-2.0
// Goes over JSON ahead of the parser: finds where tokens end, so that the parser is given whole tokens only,
// and refuses what the parser (yajl 2.1.0) would let through or stumble over. Those are strings that are not
// UTF-8 (RFC 3629), escaped surrogates without their other half, bytes that stand in no JSON text (yajl takes
// \v and \f for blanks), and tokens of any size. Leaves the grammar to the parser. Linear, however the input
// is cut; holds no memory; one thread at a time.
#ifndef RECKONER_TEXT_JSON_GUARD_H
#define RECKONER_TEXT_JSON_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

enum json_guard_state {
    GUARD_BETWEEN,     // tokens
    GUARD_WORD,        // in a number or a name such as true
    GUARD_STRING,      // in a string
    GUARD_UTF8,        // in a UTF-8 sequence of a string
    GUARD_ESCAPE,      // after a backslash
    GUARD_HEX,         // in the digits of \uXXXX
    GUARD_PAIR,        // after a high surrogate: \ must follow
    GUARD_PAIR_ESCAPE, // and then u
};

// Where json_guard_scan stops, if not at the end of the bytes.
enum json_guard_stop {
    GUARD_STOP_AT_END,   // nowhere else
    GUARD_STOP_AT_TOKEN, // after the first token that ends
    GUARD_STOP_AT_LINE,  // after the first line feed
};

// A place in the input.
struct json_place {
    int64_t offset;     // bytes before it
    int64_t line;       // from 1
    int64_t line_start; // offset of the first byte of its line
};

struct json_guard {
    struct json_place place;     // the next byte
    enum json_guard_state state; // see json_guard.c
    int64_t token;               // offset at which the last token started
    size_t longest;              // bytes of the longest token that has ended, quotes and escapes included
    size_t value_bytes;          // of the current string, decoded, or word
    unsigned char utf8_more;     // GUARD_UTF8: continuation bytes still to come
    unsigned char utf8_low;      // the next one is from this
    unsigned char utf8_high;     // to this
    unsigned char hex_digits;    // GUARD_HEX: digits read
    uint32_t hex;                // and what they say
    bool high_seen;              // GUARD_HEX: these are of the second half of a pair
    enum err_code fault;         // ERR_NONE; ERR_MALFORMED; ERR_TOO_LARGE: a value over LIMIT_VALUE_BYTES
    const char *fault_text;      // what is malformed; `place` is where
};

// At the start of the input.
void json_guard_init(struct json_guard *guard);

// Goes on over `bytes` up to a stop, the end or a fault; returns how many bytes it has passed. *ret_whole is
// the length of the part of them that ends with a whole token (and what of blanks and punctuation follows
// it), 0 if none ends. Not to be called after a fault.
size_t json_guard_scan(
    struct json_guard *guard, struct span bytes, enum json_guard_stop stop, size_t *ret_whole);

#endif
