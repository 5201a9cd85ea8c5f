// SPDX-License-Identifier: Apache-2.0
// Whether a description without its -- is nearly a rule, so that a misspelt one is no silent one. Any thread.
#ifndef RECKONER_APP_RULE_HINT_H
#define RECKONER_APP_RULE_HINT_H

#include <stdbool.h>

#include "app/words.h"
#include "text/value.h"

struct rule_hint {
    struct span shown;  // what is nearly a rule, as it is written; borrows the line
    uint32_t column;    // of its first byte
    const char *advice; // what to do about it: "did you mean required?"; static; NULL when it is inside
    bool is_inside;     // it is a rule as it should be, but stands further on in the description
};

// Looks at what stands behind the type and the rules. `may_be_list`: right behind the type of a parameter.
// False when it is a description like any other.
bool rule_hint_find(
    const struct words *description, enum value_type type, bool may_be_list, struct rule_hint *ret_hint);

#endif
