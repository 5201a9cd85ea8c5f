// SPDX-License-Identifier: Apache-2.0
// What the rule words of a line mean together. Private to rule_read.c. One thread at a time.
#ifndef RECKONER_APP_RULE_SETTLE_H
#define RECKONER_APP_RULE_SETTLE_H

#include "app/rule_line.h"

// Gives `rule`, which has its name and type already, what the line's words say, and reports what does not go
// together, up to the first error of the line. Without memory it sets the line's status to ERR_NO_MEMORY.
void rule_settle(struct rule_line *line, struct rule *rule);

#endif
