// SPDX-License-Identifier: Apache-2.0
// What stands beside a number and is no part of it: a sign of money, %, the code of a currency; in front of
// the digits or behind them, with a blank between or without one. Pure; any thread.
#ifndef RECKONER_TEXT_NUMBER_UNIT_H
#define RECKONER_TEXT_NUMBER_UNIT_H

#include <stddef.h>

#include "base/span.h"

// Units that tables have without saying so.
enum { NUMBER_UNITS = 10 };
extern const char *const number_units[NUMBER_UNITS];

struct number_parts {
    char sign;          // '-' or '+', on either side of a unit in front; 0: none
    int unit;           // its number; -1: there is none
    struct span digits; // all the rest
};

// Takes a text, without blanks around it, apart by the longest of `units` that is there.
struct number_parts number_unit_split(struct span text, const struct span *units, size_t count);

// Bytes of the blank that the text begins with; 0: none. A blank may be a no-break one of any width.
size_t number_blank(struct span text);

#endif
