// SPDX-License-Identifier: Apache-2.0
// What a rule says of dates, times and timestamps: how they are written, by which clocks, and which day is
// today. Any thread.
#ifndef RECKONER_APP_RULE_TIME_H
#define RECKONER_APP_RULE_TIME_H

#include "app/rule.h"

// Whether the rule says more of its values than their type does: then rule_time_parse reads them.
bool rule_time_is_special(const struct rule *rule);

// Parses a text by the rule's format, zone and places, without its bounds.
MUST_CHECK enum rule_result rule_time_parse(
    const struct rule *rule, struct span text, struct arena *arena, struct value *ret_value);

// In a query and a form a plus stands for a blank: where the blank in a timestamp, or in an item of a list of
// them, must have been the plus of its offset, `text` becomes a copy with the plus. A text that is a moment
// as it is stays so. False when the arena is full.
MUST_CHECK bool rule_time_restore_plus(const struct rule *rule, struct arena *arena, struct span *text);

// Appends what is wrong with a text that has failed so: RULE_NEVER, RULE_TWICE or RULE_TOO_FINE.
void rule_time_explain(const struct rule *rule, enum rule_result result, struct span text, struct buf *out);

// Appends what the rule wants: "a date, MM/DD/YY or YYYY-MM-DD".
void rule_time_expected(const struct rule *rule, struct buf *out);

// The day that it is in the rule's zone, or in UTC, as the texts of dates have it.
void rule_time_today(const struct rule *rule, char out[DATE_CHARS]);

#endif
