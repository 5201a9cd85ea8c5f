// SPDX-License-Identifier: Apache-2.0
// What @param and @field say of a value: its type and what it may be. One check serves query strings, forms,
// CSV and JSON. Rules do not change once made; any thread may check with them.
#ifndef RECKONER_APP_RULE_H
#define RECKONER_APP_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "text/date.h"
#include "text/value.h"
#include "text/zone.h"

// A type as a directive has it.
struct rule_type {
    enum value_type type;
    bool is_list;      // of a column: a text of items
    uint8_t precision; // of a decimal: digits in all; else 0
    uint8_t scale;     // likewise: digits behind the point
};

// Where the value of a parameter comes from.
enum param_source {
    PARAM_REQUEST, // what the client sends
    PARAM_CLIENT,  // the id of the client that is known; null when none is
    PARAM_CLAIM,   // what its key or token says under that name
    PARAM_BATCH,   // the id of the batch that is written
};

struct rule {
    enum param_source source; // of a parameter
    struct span name;         // of the parameter or field, in SQL
    struct span outside;      // what clients call it: the name, where no other is given
    enum value_type type;
    uint8_t precision;        // of a decimal: digits in all
    uint8_t scale;            // likewise: digits behind the point
    bool in_path;             // a path parameter
    bool is_list;             // a text of items, joined by commas; type and rules are those of an item
    bool unique;              // of a field: no two rows of a batch have the same value
    bool past;                // %y of the format means the latest century that is not in the future
    struct span format;       // of a date or time, see text/time_format.h; empty: the canonical one alone.
                              // Whoever reads values in another way copies the rule and sets this
    const struct zone *zone;  // of a timestamp: the clocks of values without an offset (text/timestamp.h); of
                              // a date: whose today is meant; NULL: none, and UTC
    bool micros;              // of a timestamp: has six decimal places, not three
    struct span pattern_text; // the pattern as written; empty: none
    const void *pattern;      // compiled (text/pattern.h); NULL: none
    bool required;            // absent, null or empty is an error
    bool has_default;         // default_value stands in for an absent one
    bool default_today;       // so does the day that it is then; has_default is set, too
    bool default_now;         // of a timestamp: so does the moment that it is then; likewise
    bool min_today;           // the value is no earlier day than that one; has_min is not set
    bool max_today;           // no later one; likewise
    bool has_min;             // min is in force: of the value, for numbers, dates and times
    bool has_max;             // likewise
    struct value default_value; // passes the rule itself
    struct value min;           // inclusive; of the rule's type, a number as VALUE_REAL
    struct value max;           // inclusive; likewise
    size_t max_chars;           // of text, in code points; 0: no rule
    struct span *choices;       // of in (…): text, dates and times as values have it, others as written
    size_t choice_count;        // 0: no rule
    struct span description;    // free text; may be empty
    uint32_t line;              // in the file
    uint32_t column;            // of the name
};

// Why a value does not pass, for programs ("code" in a report); NULL for RULE_OK comes from rule_code.
enum rule_result {
    RULE_OK,
    RULE_REQUIRED,  // "required"
    RULE_TYPE,      // "type"
    RULE_TOO_FINE,  // "type": a timestamp with more decimal places than are kept
    RULE_NEVER,     // "no_such_time": a local time that the zone's clocks never show
    RULE_TWICE,     // "ambiguous_time": one that they show twice
    RULE_DIGITS,    // "digits": a decimal has more than its type
    RULE_MIN,       // "min"
    RULE_MAX,       // "max"
    RULE_MAXLENGTH, // "maxlength"
    RULE_IN,        // "in"
    RULE_PATTERN,   // "pattern"
    RULE_TOO_HARD,  // "pattern": to match it takes too long, or the budget is spent
    RULE_ITEMS,     // "items": more than LIMIT_LIST_ITEMS in a list
    RULE_MEMORY,    // "memory": the arena is full
};
const char *rule_code(enum rule_result result);

// The rule of that name among those; NULL: there is none, or the name's `at` is NULL.
const struct rule *rule_find(const struct rule *rules, size_t count, struct span name);

// Appends what is wrong with a text that did not pass so, in words, where rule_expected does not say it;
// false elsewhere.
bool rule_explain(const struct rule *rule, enum rule_result result, struct span text, struct buf *out);

// Whether what the rule makes of a value hangs on the clock: then two requests of the same bytes may differ.
bool rule_goes_by_clock(const struct rule *rule);

// The value that stands in for one that is not there: the default, or null. It borrows the rule or `arena`;
// false when that is full.
MUST_CHECK bool rule_default(const struct rule *rule, struct arena *arena, struct value *ret_value);

// The checks that follow match patterns, and take what that costs from the budget of the request
// (text/pattern.h).
struct pattern_budget;

// Checks a text that stands for a value (query string, form, CSV). Absent or empty text is no value: the
// default or null, or RULE_REQUIRED; so is a list without items. A list is what stands between commas.
// ret_value borrows `text`, the rule or `arena`; it is set only for RULE_OK.
MUST_CHECK enum rule_result rule_check_text(const struct rule *rule, struct span text, struct arena *arena,
    struct pattern_budget *budget, struct value *ret_value);

// A part of a list as it was given: an item, or several with commas between them.
struct rule_piece {
    struct span text; //
    bool is_item;     // a comma in it is the item's
};

// The same for a list in pieces. Its value is one text: its items, without the blanks around them and without
// empty ones, with a comma between them; or, where one of them holds a comma, a LIST_SEPARATOR behind each.
// *ret_item is set to an item that does not pass, and else left as it is.
MUST_CHECK enum rule_result rule_check_pieces(const struct rule *rule, const struct rule_piece *pieces,
    size_t count, struct arena *arena, struct pattern_budget *budget, struct value *ret_value,
    struct span *ret_item);

// Checks a value that is typed already (JSON): VALUE_NULL is no value; text is parsed for text, dates,
// times and UUIDs alone, and lists; JSON comes in normal form; an integer passes for a number and becomes
// one. `json_boolean` tells true and false from 1 and 0. Empty text is RULE_REQUIRED where a value is, and
// else an empty text: JSON has null to say more.
MUST_CHECK enum rule_result rule_check_value(const struct rule *rule, struct value value, bool json_boolean,
    struct arena *arena, struct pattern_budget *budget, struct value *ret_value);

// Checks the JSON of a list, an array of values of its items' type. One without values is no value. *ret_item
// as above; it may be the arena's.
MUST_CHECK enum rule_result rule_check_array(const struct rule *rule, struct span json, struct arena *arena,
    struct pattern_budget *budget, struct value *ret_value, struct span *ret_item);

// Checks a text that is there, be it empty: neither the default nor `required` matter. RULE_REQUIRED for a
// list without items.
MUST_CHECK enum rule_result rule_check_given(const struct rule *rule, struct span text, struct arena *arena,
    struct pattern_budget *budget, struct value *ret_value);

// Orders two values of one type, as strcmp does. Timestamps go by time, not by text.
int rule_compare(enum value_type type, struct value a, struct value b);

// Parses a text of the rule's type and format (one item of a list), without its bounds: RULE_OK, RULE_TYPE,
// RULE_DIGITS or RULE_MEMORY; of a timestamp RULE_TOO_FINE, RULE_NEVER and RULE_TWICE, too.
MUST_CHECK enum rule_result rule_parse(
    const struct rule *rule, struct span text, struct arena *arena, struct value *ret_value);

// Appends the type as a directive has it: decimal(12,2).
void rule_write_type(struct rule_type type, struct buf *out);

// Appends a value of the type as a directive would have it: 5, true, 2026-01-31. Null appends nothing.
void rule_write_value(enum value_type type, struct value value, struct buf *out);

// What the rule wants, to stand behind "must be ": "an integer from 1 to 100", "one of a, b", "text of at
// most 5 characters", "a date, MM/DD/YY or YYYY-MM-DD".
void rule_expected(const struct rule *rule, struct buf *out);

#endif
