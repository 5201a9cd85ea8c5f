// SPDX-License-Identifier: Apache-2.0
// A set of lines of one body: a bit for each, so that as many as there are cost no more than a few. One
// thread at a time.
#ifndef RECKONER_BATCH_LINE_SET_H
#define RECKONER_BATCH_LINE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/err.h"

// Of no line when zeroed; then none can be added.
struct line_set {
    uint64_t *words;       // owned; NULL: it is empty, and stays so
    int64_t last_line;     // the highest one that it may have
    size_t count;          // of lines in it
    struct budget *budget; // borrowed; `words` is charged to it; NULL: none
    size_t charged_bytes;  // so far
};

// An empty set of lines from 1 to last_line, whose memory is charged to `budget` (NULL: none), which outlives
// it. ERR_NO_MEMORY; ERR_BUSY when the budget is spent.
MUST_CHECK enum err_code line_set_init(
    struct line_set *ret_set, int64_t last_line, struct budget *budget, struct err *err);

// Frees, and gives back to the budget; a zeroed set is fine.
void line_set_fini(struct line_set *set);

// Whether the line is in the set from here on: false for one that it cannot have.
bool line_set_add(struct line_set *set, int64_t line);

// Adds those of another set whose lines this one may have.
void line_set_add_all(struct line_set *set, const struct line_set *others);

// Any line, also one that it cannot have.
bool line_set_has(const struct line_set *set, int64_t line);

#endif
