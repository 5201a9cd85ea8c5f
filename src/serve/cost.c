// SPDX-License-Identifier: Apache-2.0
// A mean in which each run counts for an eighth of those before it. A run counts for no more than CAP_NS, so
// that a single one that was held up makes no endpoint dear, and two in a row do. A new endpoint is dear
// until some runs have shown otherwise. Any thread.
#include "serve/cost.h"

#include "base/limits.h"

enum {
    LOW_NS = LIMIT_CHEAP_US * 1000,
    FIRST_NS = 2 * LOW_NS, // of a new endpoint
    CAP_NS = 5 * LOW_NS,   // of one run
    WEIGHT = 8,
};

void cost_learn(struct cost *cost, uint64_t ns)
{
    unsigned mean_ns = atomic_load_explicit(&cost->mean_ns, memory_order_relaxed);
    if (mean_ns == 0)
        mean_ns = FIRST_NS;
    mean_ns = mean_ns - mean_ns / WEIGHT + (ns < CAP_NS ? (unsigned)ns : CAP_NS) / WEIGHT;
    atomic_store_explicit(&cost->mean_ns, mean_ns != 0 ? mean_ns : 1, memory_order_relaxed);
}

bool cost_is_low(const struct cost *cost)
{
    unsigned mean_ns = atomic_load_explicit(&cost->mean_ns, memory_order_relaxed);
    return mean_ns != 0 && mean_ns <= LOW_NS;
}
