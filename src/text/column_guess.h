// SPDX-License-Identifier: Apache-2.0
// What a column of a table holds, by all of its cells: which types they pass for, signs that stand for
// nothing, and whether they are unique. What a column alone does not say, as how numbers are written, all
// columns of a file say together. One thread at a time.
#ifndef RECKONER_TEXT_COLUMN_GUESS_H
#define RECKONER_TEXT_COLUMN_GUESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "text/number_style.h"
#include "text/number_unit.h"
#include "text/value_set.h"

enum {
    COLUMN_TOKENS = 26,          // signs for nothing that are known
    COLUMN_DATES = 17,           // formats of dates
    COLUMN_BOOLEANS = 14,        // pairs of words for false and true
    COLUMN_TIMES = 8,            // formats of times
    COLUMN_FORMAT_BYTES = 40,    // of a format, with a NUL
    COLUMN_UNIQUE_MAX = 4000000, // values of a key: 64 MiB
    COLUMN_MIXED_MAX = 100,      // values of a set that people choose from
};

// What offices and programs write where there is no value: "NA", "\N", "-", "..".
extern const char *const column_tokens[COLUMN_TOKENS];

// How a column's cells fit a style of numbers.
struct column_style {
    bool fails;         // one of them is no number of the style
    uint64_t points;    // cells with a fraction
    uint64_t groups;    // cells with separators of thousands
    unsigned whole;     // most digits in front of the point
    unsigned scale;     // most digits behind it
    unsigned scale_min; // fewest digits behind it, of those with a point
};

struct column_guess {
    uint64_t empty;                 // cells without anything in them
    uint64_t values;                // cells that are neither empty nor a token
    uint64_t tokens[COLUMN_TOKENS]; // how often each came
    uint64_t padded;                // cells with blanks around them
    uint64_t blank;                 // cells of blanks alone
    uint64_t long_digits;           // cells of more than three digits and nothing else
    uint64_t units;                 // values with a unit
    int unit;                       // the last one: of number_units
    bool has_other_units;           // another one stands beside some
    bool not_integer;               // a value is no plain whole number of 64 bits
    bool is_zero_filled;            // a value has zeros in front, as codes have
    struct column_style styles[NUMBER_STYLES];
    unsigned dates;          // formats that a day is not of: bit i, of column_date_formats
    unsigned times;          // formats that a time is not of: likewise, of column_time_formats
    bool is_short;           // a day is written as 2026-1-31
    uint64_t days, moments;  // values that are a day alone, a day and a time
    uint64_t clocks, stamps; // values that the types time and timestamp read as they are
    size_t fraction_digits;  // the most behind a second
    char separator;          // between day and time; 0: not known yet
    bool is_mixed;           // it is not always the same
    unsigned booleans;       // pairs that a value is not of: bit i, of column_booleans
    unsigned words[2];       // pairs of which the word for false, for true has come
    bool has_capitals;       // a value has letters that are not small
    size_t value_bytes;      // of the longest value
    size_t value_bytes_min;  // of the shortest one
    uint64_t spaced;         // values with a blank in them
    struct value_set unique; // all values, until one comes twice
    struct value_set mixed;  // distinct values
    bool is_repeated;        // one came twice
};

extern const char *const column_date_formats[COLUMN_DATES];
extern const char *const column_time_formats[COLUMN_TIMES];
extern const char *const column_booleans[COLUMN_BOOLEANS][2]; // false, true

// How the values of a whole file are written, where a column alone does not say.
struct column_ways {
    size_t style;     // of numbers: an index
    bool month_first; // 01/02/2026 is in January
};

void column_guess_init(struct column_guess *guess);
void column_guess_fini(struct column_guess *guess);

// Takes the next cell, in UTF-8.
void column_guess_feed(struct column_guess *guess, struct span cell);

// Finds the ways of a file with these columns and this delimiter: those that most columns need, or else the
// plainest. Where nothing tells days from months, months are first in files with commas, as in America.
void column_ways_settle(
    const struct column_guess *const *guesses, size_t count, char delimiter, struct column_ways *ret_ways);

// What all values are.
enum column_kind {
    COLUMN_EMPTY,     // there are none
    COLUMN_TEXT,      //
    COLUMN_BOOLEAN,   //
    COLUMN_INTEGER,   // whole, of up to 18 digits
    COLUMN_NUMBER,    //
    COLUMN_DATE,      //
    COLUMN_TIME,      //
    COLUMN_TIMESTAMP, //
    COLUMN_JSON,      // objects, arrays, or several kinds: of JSON alone, and never found by a guess
};

// The kind of the values in a file with these ways.
enum column_kind column_guess_kind(const struct column_guess *guess, const struct column_ways *ways);

// How a date, a time or a timestamp is written, as time_format.h has it; "" for any other kind, and where the
// type reads it without a format.
void column_guess_format(
    const struct column_guess *guess, const struct column_ways *ways, char ret_format[COLUMN_FORMAT_BYTES]);

// The words for false and true of a boolean column; NULL where they are true and false.
const char *const *column_guess_booleans(const struct column_guess *guess);

// The unit that stands beside numbers of the column; NULL: none does.
const char *column_guess_unit(const struct column_guess *guess);

// Whether no cell is without a value and no value came twice.
bool column_guess_is_key(const struct column_guess *guess);

// How many cells are tokens.
uint64_t column_guess_tokens(const struct column_guess *guess);

#endif
