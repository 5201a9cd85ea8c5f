// SPDX-License-Identifier: Apache-2.0
// Times of the day, from 00:00:00 up to 23:59:59.999999: 24:00 is the next day's 00:00, and a leap second has
// no time of its own here. Pure functions, any thread.
#ifndef RECKONER_TEXT_TIME_OF_DAY_H
#define RECKONER_TEXT_TIME_OF_DAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

enum {
    TIME_OF_DAY_CHARS = 16, // hh:mm:ss.ffffff and a NUL
    US_PER_SECOND = 1000000,
    SECONDS_PER_DAY = 86400,
};
#define US_PER_DAY ((int64_t)SECONDS_PER_DAY * US_PER_SECOND)

// Reads hh:mm, hh:mm:ss or hh:mm:ss with one to six decimal places, as microseconds since 00:00.
MUST_CHECK bool time_of_day_parse(struct span text, int64_t *ret_us);

// Writes hh:mm:ss, and behind it the decimal places that are not zeros at its end, and a NUL; returns the
// length. So each time has one text, and texts sort as the times do.
size_t time_of_day_format(int64_t us, char out[TIME_OF_DAY_CHARS]);

// Writes hh:mm:ss of a second of the day, without a NUL.
void time_of_day_write(int second_of_day, char *out);

// Takes a point and one to nine digits off the front of *rest, if a point is there. Digits below a
// microsecond are cut. False for a point with none or more behind it.
MUST_CHECK bool time_of_day_take_fraction(struct span *rest, int *ret_us, int *ret_digits);

#endif
