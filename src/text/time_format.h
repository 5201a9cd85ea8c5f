// SPDX-License-Identifier: Apache-2.0
// How a file or a form writes dates and times, in the manner of strptime(3), and reading by it:
//     %d %m    day and month, one or two digits (two where another conversion follows at once)
//     %b %B    the month in English, in full or its first three letters, of any case
//     %Y %y    the year, four digits or two
//     %H %M %S hour, minute and second, one or two digits likewise
//     %I %p    the hour from 1 to 12, and AM or PM, of any case, with points or without
//     %f       behind %S and a point: one to nine decimal places of it; the point and they may be left out
//     %z       the offset from UTC: Z, +hh:mm, +hhmm or +hh
//     %%       a percent sign
// All else stands for itself, and is no digit. Pure functions, any thread.
#ifndef RECKONER_TEXT_TIME_FORMAT_H
#define RECKONER_TEXT_TIME_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "text/date.h"

// What a format is for.
enum time_format_use {
    FORMAT_OF_DATE,      // has %d, %m or %b, %Y or %y
    FORMAT_OF_TIME,      // has %H, or %I and %p; and %M
    FORMAT_OF_TIMESTAMP, // has both
};

// What a text says of a moment.
struct time_parts {
    struct date date;    // that exists
    int second_of_day;   // up to 86400, which is a leap second
    int us;              // of the second
    int fraction_digits; // how many were written
    bool is_leap;        // the second was 60
    bool has_offset;     // offset_s was written
    int32_t offset_s;    // seconds that the clock is ahead of UTC
};

// What is wrong with a format for that use, as the end of a sentence about it ("has %d twice"), or NULL. One
// that reads the canonical form, which is always read as well, as something else is wrong, too.
const char *time_format_problem(struct span format, enum time_format_use use);

// Whether the format has that conversion, such as 'y'.
bool time_format_has(struct span format, char conversion);

// Reads a text as a format without problems says, and nothing else. With `today`, %y is the latest year whose
// day does not come after it; without, 69 to 99 are 1969 to 1999 and 00 to 68 are 2000 to 2068, as in
// strptime(3). What the format does not tell is 0.
MUST_CHECK bool time_format_read(
    struct span text, struct span format, const struct date *today, struct time_parts *ret_parts);

// Reads an existing day so, or as YYYY-MM-DD.
MUST_CHECK bool date_parse_format(
    struct span text, struct span format, const struct date *today, struct date *ret_date);

// Takes Z, +hh:mm, +hhmm or +hh off the front of *rest, as seconds; false when none is there.
MUST_CHECK bool time_format_take_offset(struct span *rest, int32_t *ret_offset_s);

#endif
