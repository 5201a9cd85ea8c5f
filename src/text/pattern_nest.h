// SPDX-License-Identifier: Apache-2.0
// Finds in the text of a pattern what makes matching it take too long.
#ifndef RECKONER_TEXT_PATTERN_NEST_H
#define RECKONER_TEXT_PATTERN_NEST_H

#include <stdbool.h>

#include "base/span.h"

// Whether a group is repeated that another repetition fills, as in (a+)+ or (?:\w+ ?)*: texts that do not
// match can be divided between the two in so many ways that the work doubles with each character. `text` is a
// pattern that pattern_compile has taken. (-[a-z]+)* is none: each round of it begins with a dash.
bool pattern_is_nested(struct span text);

#endif
