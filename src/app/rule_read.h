// SPDX-License-Identifier: Apache-2.0
// Reads a rule as a directive's line has it: name type [list] [required] [default V] [min N] [max N]
// [maxlength N] [in (a, b)] [format "F"] [past] [zone Z] [micros] [name "N"] [pattern "P"] [unique]
// [description].
#ifndef RECKONER_APP_RULE_READ_H
#define RECKONER_APP_RULE_READ_H

#include <stdbool.h>

#include "app/rule.h"
#include "app/words.h"
#include "base/arena.h"
#include "base/err.h"

// The types' names, for messages.
#define TYPE_NAMES "text, integer, number, decimal(p,s), boolean, date, timestamp, time, uuid or json"

// Whether a text is [a-z_][a-z0-9_]*.
bool rule_is_name(struct span text);

// Reads a name, which has to be [a-z_][a-z0-9_]*. False when it is missing or not of that form, which is
// reported; `directive` is "@param" for the message.
bool rule_read_name(struct words *words, const char *directive, struct word *ret_name);

// Reads the type of the parameter, field or column called `name`. False when it is missing or unknown, which
// is reported.
bool rule_read_type(struct words *words, const char *directive, struct span name, struct rule_type *ret_type);

// Reads what stands behind the name of a @param or @field. Errors are reported in the words' diags, and the
// rule is as far as it was read then. Choices, patterns and values that were rewritten go into `arena`; other
// texts borrow the line. ERR_NO_MEMORY only.
MUST_CHECK enum err_code rule_read(struct words *words, const char *directive, bool is_field,
    struct word name, struct arena *arena, struct rule *ret_rule);

#endif
