// SPDX-License-Identifier: Apache-2.0
// One JSON object that is whole in memory, of values and of lists of values: what a question says. What is
// deeper is taken as it is written. Rows, which come in pieces, are json_rows.h's.
#ifndef RECKONER_TEXT_JSON_OBJECT_H
#define RECKONER_TEXT_JSON_OBJECT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"
#include "text/json_rows.h"

struct json_item {
    struct json_item *next; // of the list; NULL behind the last
    enum json_kind kind;    //
    struct span text;       // a string without quotes and escapes, or what it is as it is written
};

struct json_entry {
    struct json_entry *next; // of the object; NULL behind the last
    struct span name;        //
    bool is_list;            //
    struct span json;        // all of the value as it is written
    struct json_item *first; // of a list, as many as were asked for, NULL for an empty one; else the value
};

// Reads the object into *ret_first, NULL for {}; all is the arena's, or borrows the text. Of a list the first
// `max_items` are kept; what stands behind them is only checked. ERR_MALFORMED with line and column, also for
// what is nested deeper than LIMIT_JSON_DEPTH; ERR_TOO_LARGE when the arena is full or a value too large;
// ERR_NO_MEMORY.
MUST_CHECK enum err_code json_object_read(
    struct span text, size_t max_items, struct arena *arena, struct json_entry **ret_first, struct err *err);

#endif
