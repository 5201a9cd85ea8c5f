// SPDX-License-Identifier: Apache-2.0
// Moments: microseconds since 1970-01-01 in UTC, of years 0001 to 9999. Pure functions, any thread.
#ifndef RECKONER_TEXT_TIMESTAMP_H
#define RECKONER_TEXT_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "text/date.h"
#include "text/zone.h"

enum {
    TIMESTAMP_CHARS = 28,     // YYYY-MM-DDThh:mm:ss.ffffffZ and a NUL
    TIMESTAMP_MAX_DIGITS = 6, // decimal places that a moment has
};

// Reads an RFC 3339 section 5.6 date-time with any offset. One to nine fractional digits, those below a
// microsecond are cut. A leap second is the moment behind it. False for a moment that is outside the calendar
// in UTC, too.
MUST_CHECK bool timestamp_parse(struct span text, int64_t *ret_us);

// How texts stand for moments, beside RFC 3339.
struct timestamp_style {
    struct span format;       // may be so (time_format_problem finds nothing); empty: none
    const struct zone *zone;  // the clocks of a text without an offset; NULL: such a text is none, or by a
                              // format UTC. With a zone, ISO 8601 may be looser, too: a blank for the T, no
                              // seconds, a comma for the point, +hhmm, +hh or UTC, perhaps behind a blank
    const struct date *today; // for %y of the format, see time_format_read; NULL: as in strptime(3)
    bool is_exact;            // more than six decimal places are too many, rather than cut
};

enum timestamp_result {
    TIMESTAMP_READ,
    TIMESTAMP_UNREADABLE,
    TIMESTAMP_TOO_FINE, // of is_exact
    TIMESTAMP_NEVER,    // the zone's clocks never show it
    TIMESTAMP_TWICE,    // they show it twice
};

// Reads a text so. *ret_moment: what the zone says of NEVER and TWICE; NULL is fine.
MUST_CHECK enum timestamp_result timestamp_read(
    struct span text, const struct timestamp_style *style, int64_t *ret_us, struct zone_moment *ret_moment);

// Writes YYYY-MM-DDThh:mm:ss, three decimal places or, with `micros`, six, Z and a NUL, and returns the
// length: that of all others, so that texts sort as the moments do. What is below the places is cut. `us` is
// a moment that timestamp_parse could return.
size_t timestamp_format(int64_t us, bool micros, char out[TIMESTAMP_CHARS]);

// Writes YYYY-MM-DDThh:mm:ssZ and a NUL, for people. `s` are seconds since 1970-01-01; a moment outside the
// calendar is moved to its edge.
void timestamp_format_seconds(int64_t s, char out[TIMESTAMP_CHARS]);

// The day and the time of the day that the zone's clocks show at a moment; NULL: UTC. False when that is
// outside the calendar.
MUST_CHECK bool timestamp_to_local(
    int64_t us, const struct zone *zone, struct date *ret_date, int64_t *ret_of_day_us);

#endif
