// SPDX-License-Identifier: Apache-2.0
// JSON in normal form: no blanks, strings escaped as json_write_string does, numbers and the order of members
// as they were written. Two texts of one form are the same bytes, whoever wrote them. Pure; any thread.
#ifndef RECKONER_TEXT_JSON_NORMAL_H
#define RECKONER_TEXT_JSON_NORMAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/span.h"

// Appends the one value that `text` is (RFC 8259), blanks around it or not. False when it is none, is nested
// deeper than LIMIT_JSON_DEPTH, has a string over LIMIT_VALUE_BYTES, or there is no memory, which buf_status
// tells: what was appended is of no use then. Names that an object has twice stay.
MUST_CHECK bool json_normal_write(struct span text, struct buf *out);

// What an element of an array is.
struct json_element {
    bool is_string;   // else a number, true, false or null, as it is written
    struct span text; // of a string without quotes and escapes; in the arena
};

enum json_elements {
    JSON_ELEMENTS_OK,
    JSON_ELEMENTS_NONE,    // it is no array, or one with an object or array in it
    JSON_ELEMENTS_MANY,    // there are more than `max`
    JSON_ELEMENTS_NO_ROOM, // the arena is full, or there is no memory
};

// Reads an array of values that are neither objects nor arrays, at most `max` of them, into one of the arena;
// NULL for one without values.
MUST_CHECK enum json_elements json_normal_elements(
    struct span text, struct arena *arena, size_t max, struct json_element **ret_elements, size_t *ret_count);

#endif
