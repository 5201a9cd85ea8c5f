// SPDX-License-Identifier: Apache-2.0
// The types of the endpoint language and one value of them: what a parameter, a field of a row or a column
// holds on its way between HTTP, SQL and JSON. Text that a value points to is borrowed; the holder says for
// how long.
#ifndef RECKONER_TEXT_VALUE_H
#define RECKONER_TEXT_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/span.h"
#include "text/number.h"

enum value_type {
    TYPE_TEXT,      // UTF-8 without NUL
    TYPE_INTEGER,   // signed, 64 bits
    TYPE_NUMBER,    // a finite double
    TYPE_BOOLEAN,   // true or false; 1 or 0 in SQL
    TYPE_DATE,      // YYYY-MM-DD, years 0001 to 9999, proleptic Gregorian
    TYPE_TIMESTAMP, // RFC 3339 in UTC, YYYY-MM-DDThh:mm:ss.mmmZ: of one length, so that it sorts as text
    TYPE_TIME,    // of the day: hh:mm:ss, and decimal places that are no zeros at the end: sorts as text, too
    TYPE_UUID,    // in the canonical form, small letters
    TYPE_JSON,    // text in normal form (text/json_normal.h)
    TYPE_DECIMAL, // so many digits, so many of them behind the point, exactly
};

enum value_kind {
    VALUE_NULL,
    VALUE_INTEGER,
    VALUE_REAL,
    VALUE_TEXT,    // text, date, timestamp, time, uuid or json
    VALUE_DECIMAL, // a number in digits, as JSON writes it: only a store's, of any length
    VALUE_SCALED,  // a decimal of ours: integer / 10^scale (text/decimal.h)
};

struct value {
    enum value_kind kind;
    uint8_t scale; // VALUE_SCALED: decimal places
    union {
        int64_t integer;  // VALUE_INTEGER, and booleans as 0 and 1; VALUE_SCALED
        double real;      // VALUE_REAL
        struct span text; // VALUE_TEXT, VALUE_DECIMAL; borrowed
    };
};

// The type's name in directives ("integer"), and back; false for a name that is no type.
const char *value_type_name(enum value_type type);
bool value_type_from_name(struct span name, enum value_type *ret_type);

// Between the items of a list parameter's text, where one of them holds a comma: behind each of them then.
enum { LIST_SEPARATOR = 0x1f }; // ASCII's "unit separator"

enum value_result {
    VALUE_READ,
    VALUE_WRONG,   // the text is not of the type: nor is one that is not UTF-8 or holds NUL
    VALUE_NO_ROOM, // the arena has none
};

// Reads `text` as `type`, which is any but TYPE_DECIMAL and TYPE_JSON (app/rule.h): the whole text, no blanks
// around it, ASCII digits only, an existing day. Numbers may have any spelling (number_read,
// number_read_integer). Booleans are true or false. A timestamp may have any offset and up to nine fractional
// digits, and is normalised to UTC (RFC 3339 section 5.6; digits below a millisecond are cut; a leap second
// becomes the second after it). A time may lack its seconds. Text is not copied: a result of VALUE_TEXT
// borrows `text`, or memory of `arena` where it was normalised.
MUST_CHECK enum value_result value_parse(
    enum value_type type, struct span text, struct arena *arena, struct value *ret_value);

// What a value of the type must be, to end a sentence that starts with "must be": "a date, YYYY-MM-DD".
const char *value_type_expected(enum value_type type);

// A value as a report shows it: a number in its shortest form, written into `number`, a text as it is.
// VALUE_NULL gives an absent span (at NULL). Borrows the value and `number`.
struct span value_show(struct value value, char number[NUMBER_CHARS]);

#endif
