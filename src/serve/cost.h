// SPDX-License-Identifier: Apache-2.0
// What reads of an endpoint have taken lately, as a guess that all threads share: a number without a lock, of
// which an update may get lost. Zeroed is a new one.
#ifndef RECKONER_SERVE_COST_H
#define RECKONER_SERVE_COST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cost {
    atomic_uint mean_ns; // of the last runs, 0: of none
};

// A read has taken so long, or, as UINT64_MAX, was given up. Any thread.
void cost_learn(struct cost *cost, uint64_t ns);

// Whether reads have taken LIMIT_CHEAP_US at most for a while. Any thread.
bool cost_is_low(const struct cost *cost);

#endif
