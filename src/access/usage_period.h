// SPDX-License-Identifier: Apache-2.0
// The days of which usage is asked for. Pure functions.
#ifndef RECKONER_ACCESS_USAGE_PERIOD_H
#define RECKONER_ACCESS_USAGE_PERIOD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

struct usage_period {
    int32_t first_day; // UTC, in days since 1970-01-01
    int32_t last_day;  // that one too
};

enum { MONTH_CHARS = 8 }; // YYYY-MM and a NUL

// The month of that day.
struct usage_period usage_month_of(int32_t day);

// Reads exactly YYYY-MM.
MUST_CHECK bool usage_month_parse(struct span text, struct usage_period *ret_period);

// Reads exactly YYYY-MM-DD: that day alone.
MUST_CHECK bool usage_day_parse(struct span text, struct usage_period *ret_period);

// Writes the month of the period's first day, YYYY-MM, and a NUL.
void usage_month_format(struct usage_period period, char ret_text[MONTH_CHARS]);

// Today, UTC.
int32_t usage_today(void);

#endif
