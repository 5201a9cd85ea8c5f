// SPDX-License-Identifier: Apache-2.0
// Days and moments of the proleptic Gregorian calendar, years 0001 to 9999, in UTC. Pure functions, any
// thread.
#ifndef RECKONER_TEXT_DATE_H
#define RECKONER_TEXT_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

enum {
    DATE_CHARS = 11,          // YYYY-MM-DD and a NUL
    DATE_FIRST_DAY = -719162, // 0001-01-01 in days since 1970-01-01
    DATE_LAST_DAY = 2932896,  // 9999-12-31 likewise
    TIMESTAMP_CHARS = 25,     // YYYY-MM-DDThh:mm:ss.mmmZ and a NUL
    DATE_HTTP_CHARS = 30,     // Sun, 06 Nov 1994 08:49:37 GMT and a NUL
};

// A day that exists.
struct date {
    int year;  // 1 to 9999
    int month; // 1 to 12
    int day;   // 1 to 31
};

// Days since 1970-01-01, and back; `days` is from DATE_FIRST_DAY to DATE_LAST_DAY.
int32_t date_to_days(struct date date);
struct date date_from_days(int32_t days);

// Reads exactly YYYY-MM-DD, ASCII digits, an existing day.
MUST_CHECK bool date_parse(struct span text, struct date *ret_date);

// Writes YYYY-MM-DD and a NUL.
void date_format(struct date date, char out[DATE_CHARS]);

// What is wrong with a format for date_parse_format, as the end of a sentence about it ("has %d twice"), or
// NULL. It has %d, %m and either %Y or %y, each once, and what stands between them: characters that are no
// digits, and %% for a percent sign. A format that takes YYYY-MM-DD for another day is wrong, too.
const char *date_format_problem(struct span format);

// Whether the format has that conversion: 'd', 'm', 'Y' or 'y'.
bool date_format_has(struct span format, char conversion);

// Reads an existing day as a format without problems says, or as YYYY-MM-DD: %d and %m are one or two digits
// (two where another conversion follows at once), %Y is four, %y two. With `today`, %y is the latest year
// whose day does not come after it; without, 69 to 99 are 1969 to 1999 and 00 to 68 are 2000 to 2068, as in
// strptime(3).
MUST_CHECK bool date_parse_format(
    struct span text, struct span format, const struct date *today, struct date *ret_date);

// Reads an RFC 3339 section 5.6 date-time with any offset as milliseconds since 1970-01-01 UTC. One to nine
// fractional digits, those below a millisecond are cut. False for a leap second too, and for a moment that
// is outside the calendar in UTC.
MUST_CHECK bool timestamp_parse(struct span text, int64_t *ret_ms);

// Writes YYYY-MM-DDThh:mm:ss.mmmZ and a NUL: always of one length, so that texts sort as the moments do. `ms`
// is a moment that timestamp_parse could return.
void timestamp_format(int64_t ms, char out[TIMESTAMP_CHARS]);

// Writes an IMF-fixdate (RFC 9110 section 5.6.7) and a NUL. A moment outside the calendar is moved to its
// edge.
void date_http(int64_t unix_seconds, char out[DATE_HTTP_CHARS]);

#endif
