// SPDX-License-Identifier: Apache-2.0
// What many things may take of memory together: each takes its bytes before or as it allocates them, and
// gives them back when it frees them. Any thread.
#ifndef RECKONER_BASE_BUDGET_H
#define RECKONER_BASE_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

// Outlives all that has taken of it.
struct budget {
    atomic_size_t used_bytes; // taken and not given back
    size_t max_bytes;         // used_bytes never exceeds this; fixed
};

// Takes bytes; false, and none are taken, when there are not so many left. A budget of NULL has no end.
MUST_CHECK bool budget_take(struct budget *budget, size_t bytes);

// Whether nothing is left.
bool budget_is_spent(const struct budget *budget);

// Gives bytes back that were taken. NULL is fine.
void budget_give_back(struct budget *budget, size_t bytes);

#endif
