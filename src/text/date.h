// SPDX-License-Identifier: Apache-2.0
// Days of the proleptic Gregorian calendar, years 0001 to 9999. Pure functions, any thread.
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

// Whether the year has a 29th of February.
bool date_is_leap(int year);

// Whether there is such a day, of whatever numbers.
bool date_exists(struct date date);

// Reads exactly YYYY-MM-DD, ASCII digits, an existing day.
MUST_CHECK bool date_parse(struct span text, struct date *ret_date);

// Writes YYYY-MM-DD and a NUL.
void date_format(struct date date, char out[DATE_CHARS]);

// Writes an IMF-fixdate (RFC 9110 section 5.6.7) and a NUL. A moment outside the calendar is moved to its
// edge.
void date_http(int64_t unix_seconds, char out[DATE_HTTP_CHARS]);

#endif
