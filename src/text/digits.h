// SPDX-License-Identifier: Apache-2.0
// Numbers of a fixed count of ASCII digits, as dates and times have them. Any thread.
#ifndef RECKONER_TEXT_DIGITS_H
#define RECKONER_TEXT_DIGITS_H

#include "base/ascii.h"

// Reads `count` digits, all of which must be there; -1 when one is not a digit.
static inline int digits_read(const char *at, int count)
{
    int number = 0;
    for (int i = 0; i < count; i++) {
        if (!ascii_is_digit(at[i]))
            return -1;
        number = number * 10 + (at[i] - '0');
    }
    return number;
}

// Writes the last `count` digits of a number that is not negative.
static inline void digits_write(char *at, int count, int number)
{
    while (count-- > 0) {
        at[count] = (char)('0' + number % 10);
        number /= 10;
    }
}

#endif
