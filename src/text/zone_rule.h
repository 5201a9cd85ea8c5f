// SPDX-License-Identifier: Apache-2.0
// The rule by which a time zone's clocks change each year, as POSIX has it in TZ
// ("CET-1CEST,M3.5.0,M10.5.0/3") and a tz file for the time behind its table (RFC 9636 section 3.3). Pure;
// any thread.
#ifndef RECKONER_TEXT_ZONE_RULE_H
#define RECKONER_TEXT_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

// A time in which the clocks of a zone keep one offset. Moments are seconds since 1970-01-01 in UTC.
struct zone_period {
    int64_t from_s;   // its first moment; INT64_MIN: it has always been so
    int64_t until_s;  // the first one behind it; INT64_MAX: for good
    int32_t offset_s; // seconds that the clocks are ahead of UTC
};

// When in a year the clocks change.
struct zone_day {
    enum {
        ZONE_DAY_JULIAN, // Jn: day 1 to 365, without leap days
        ZONE_DAY_ZERO,   // n: day 0 to 365, with them
        ZONE_DAY_WEEK,   // Mm.w.d: the w-th weekday d (0 is Sunday) of month m; w 5 is the last one
    } kind;
    int day; // n, or d
    int week, month;
    int32_t time_s; // of the local day, as the clocks go before; below 0 and above a day, too
};

struct zone_rule {
    int32_t standard_s;    // offset of standard time
    int32_t summer_s;      // of summer time
    bool has_summer;       // else it is always standard time
    struct zone_day begin; // of summer time
    struct zone_day end;   //
};

// False for a text that is none.
MUST_CHECK bool zone_rule_read(struct span text, struct zone_rule *ret_rule);

// The period that a moment of the years 1 to 9999 is in.
struct zone_period zone_rule_at(const struct zone_rule *rule, int64_t utc_s);

#endif
