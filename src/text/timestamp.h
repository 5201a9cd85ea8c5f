// SPDX-License-Identifier: Apache-2.0
// Moments: microseconds since 1970-01-01 in UTC, of years 0001 to 9999. Pure functions, any thread.
#ifndef RECKONER_TEXT_TIMESTAMP_H
#define RECKONER_TEXT_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

enum { TIMESTAMP_CHARS = 28 }; // YYYY-MM-DDThh:mm:ss.ffffffZ and a NUL

// Reads an RFC 3339 section 5.6 date-time with any offset. One to nine fractional digits, those below a
// microsecond are cut. A leap second is the moment behind it. False for a moment that is outside the calendar
// in UTC, too.
MUST_CHECK bool timestamp_parse(struct span text, int64_t *ret_us);

// Writes YYYY-MM-DDThh:mm:ss, three decimal places or, with `micros`, six, Z and a NUL, and returns the
// length: that of all others, so that texts sort as the moments do. What is below the places is cut. `us` is
// a moment that timestamp_parse could return.
size_t timestamp_format(int64_t us, bool micros, char out[TIMESTAMP_CHARS]);

#endif
