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
#include "text/value.h"

struct rule {
    struct span name; // of the parameter or field
    enum value_type type;
    bool required;              // absent, null or empty is an error
    bool has_default;           // default_value stands in for an absent one
    bool has_min;               // min is in force: of the value, for integer, number, date, timestamp
    bool has_max;               // likewise
    struct value default_value; // passes the rule itself
    struct value min;           // inclusive; of the rule's type, a number as VALUE_REAL
    struct value max;           // inclusive; likewise
    size_t max_chars;           // of text, in code points; 0: no rule
    struct span *choices;       // the texts of in (…); numbers and booleans are compared by value
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
    RULE_MIN,       // "min"
    RULE_MAX,       // "max"
    RULE_MAXLENGTH, // "maxlength"
    RULE_IN,        // "in"
    RULE_MEMORY,    // "memory": the arena is full
};
const char *rule_code(enum rule_result result);

// Checks a text that stands for a value (query string, form, CSV). Absent or empty text is no value: the
// default or null, or RULE_REQUIRED. ret_value borrows `text`, the rule or `arena`; it is set only for
// RULE_OK.
MUST_CHECK enum rule_result rule_check_text(
    const struct rule *rule, struct span text, struct arena *arena, struct value *ret_value);

// Checks a value that is typed already (JSON): VALUE_NULL is no value; text is parsed for text, date and
// timestamp alone; an integer passes for a number and becomes one. `json_boolean` tells true and false from 1
// and 0. Empty text is RULE_REQUIRED where a value is, and else an empty text: JSON has null to say more.
MUST_CHECK enum rule_result rule_check_value(const struct rule *rule, struct value value, bool json_boolean,
    struct arena *arena, struct value *ret_value);

// Checks a value that the rule's type has made already against min, max, maxlength and in; `text` is how it
// was written, for in.
MUST_CHECK enum rule_result rule_check_bounds(
    const struct rule *rule, struct span text, struct value value, struct arena *arena);

// Orders two values of one type, as strcmp does. Timestamps go by time, not by text.
int rule_compare(enum value_type type, struct value a, struct value b);

// Parses a text of the rule's type, without its bounds: RULE_OK, RULE_TYPE or RULE_MEMORY.
MUST_CHECK enum rule_result rule_parse(
    enum value_type type, struct span text, struct arena *arena, struct value *ret_value);

// What the rule wants, to stand behind "must be ": "an integer from 1 to 100", "one of a, b", "text of at
// most 5 characters".
void rule_expected(const struct rule *rule, struct buf *out);

#endif
