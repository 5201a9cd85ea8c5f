// SPDX-License-Identifier: Apache-2.0
// The text that names a place in an ordered answer: the values of the order's columns in the last row of a
// page, and the statement that they are of. A cursor holds only values that the client has seen, and one that
// comes back is trusted no more than any other parameter. Pure functions, any thread.
#ifndef RECKONER_APP_CURSOR_H
#define RECKONER_APP_CURSOR_H

#include <stdint.h>

#include "base/limits.h"
#include "base/span.h"
#include "text/base64url.h"
#include "text/value.h"

enum {
    CURSOR_KEYS = 16, // columns of an order
    CURSOR_CHARS = BASE64URL_CHARS(LIMIT_CURSOR_BYTES),
};

// The keys as bytes, before they become text.
struct cursor {
    char bytes[LIMIT_CURSOR_BYTES]; // see cursor.c for the form
    size_t len;                     // 0: an empty cursor
};

enum cursor_result {
    CURSOR_OK,
    CURSOR_TOO_LONG, // more than LIMIT_CURSOR_BYTES
    CURSOR_NO_VALUE, // a key that is text, and not UTF-8 without NUL
};

// Packs the keys; `statement` tells whose they are.
MUST_CHECK enum cursor_result cursor_pack(
    uint32_t statement, const struct value *keys, size_t count, struct cursor *ret_cursor);

// Unpacks the keys; text borrows the cursor. False for a cursor of another statement or another number of
// keys.
MUST_CHECK bool cursor_unpack(
    const struct cursor *cursor, uint32_t statement, size_t count, struct value *ret_keys);

// Writes a cursor as text and returns the length; reads one back, false for a text that is no cursor.
size_t cursor_to_text(const struct cursor *cursor, char text[CURSOR_CHARS]);
MUST_CHECK bool cursor_from_text(struct span text, struct cursor *ret_cursor);

#endif
