// SPDX-License-Identifier: Apache-2.0
// The clocks of a place, from a tz file (TZif, RFC 9636): what they show at a moment, and which moment they
// show a time at. Immutable once made; any thread.
#ifndef RECKONER_TEXT_ZONE_H
#define RECKONER_TEXT_ZONE_H

#include "base/err.h"
#include "base/span.h"
#include "text/zone_rule.h"

struct zone;

// Reads the bytes of a file. ERR_CONFIG for what is none, and for one that counts leap seconds ("right/…").
MUST_CHECK enum err_code zone_new(
    const char *name, struct span bytes, struct zone **ret_zone, struct err *err);

// NULL is fine.
void zone_free(struct zone *zone);

// "Europe/Rome".
const char *zone_name(const struct zone *zone);

// The period that a moment of the years 1 to 9999, or a day beside them, is in.
struct zone_period zone_at(const struct zone *zone, int64_t utc_s);

enum zone_fit {
    ZONE_ONCE,  // as nearly always
    ZONE_NEVER, // the clocks went past it, as in spring
    ZONE_TWICE, // they went back over it, as in autumn
};

// Which moment the clocks show a time at.
struct zone_moment {
    enum zone_fit fit;
    int64_t local_s;  // the time in question
    int64_t utc_s;    // of ZONE_TWICE the first one
    int64_t change_s; // the moment of the change: of all but ZONE_ONCE
    int32_t before_s; // offset before it
    int32_t after_s;  // behind it
};

// Finds it; `local_s` is what the clocks show, counted as if they were in UTC.
struct zone_moment zone_find_moment(const struct zone *zone, int64_t local_s);

#endif
