// SPDX-License-Identifier: Apache-2.0
// How long tasks of a share take, and so how long one waits for those before it. Which of them run is
// pool.c's. Under the pool's lock.
#include "net/share.h"

#include "base/clock.h"

enum { WEIGHT = 4, UNKNOWN_S = 1 }; // of the mean, against one new time; before the first has ended

uint64_t share_wait_ns(const struct share *share, size_t at_once)
{
    uint64_t mean_ns = share->mean_ns != 0 ? share->mean_ns : UNKNOWN_S * NS_PER_S;
    return (2 * share->waiting.count + 1) * mean_ns / (2 * at_once); // those that run are half done
}

void share_learn(struct share *share, uint64_t ns)
{
    share->mean_ns = share->mean_ns == 0 ? ns : (share->mean_ns * (WEIGHT - 1) + ns) / WEIGHT;
}
