// SPDX-License-Identifier: Apache-2.0
// How many long tasks of a share run, how long they take, and so how long one waits for those before it.
// Which of them run is shared_pool.c's. Under the pool's lock.
#include "net/share.h"

#include "base/clock.h"
#include "base/limits.h"

enum { WEIGHT = 4, UNKNOWN_S = 1 }; // of the mean, against one new time; before the first has ended

// Whether the share's tasks are mostly quick, and it has only been held up: a thread that gets no processor
// for a while looks long, too.
static bool was_held_up(const struct share *share)
{
    return share->long_running == 0 && share->mean_ns != 0 && share->mean_ns <= LIMIT_HELD_UP_MS * NS_PER_MS;
}

bool share_has_room(const struct share *share, const struct share_group *group, size_t places)
{
    bool has_part = group->long_running < LIMIT_LONG_APP * places || was_held_up(share);
    return share->long_running < LIMIT_LONG_ENDPOINT * places && has_part;
}

uint64_t share_wait_ns(const struct share *share, size_t places)
{
    uint64_t mean_ns = share->mean_ns != 0 ? share->mean_ns : UNKNOWN_S * NS_PER_S;
    // Those that run are half done.
    return (2 * share->waiting.count + 1) * mean_ns / (2 * LIMIT_LONG_ENDPOINT * places);
}

void share_begin(struct share *share, struct share_group *group)
{
    share->long_running++;
    group->long_running++;
}

void share_end(struct share *share, struct share_group *group)
{
    share->long_running--;
    group->long_running--;
}

void share_learn(struct share *share, uint64_t ns)
{
    share->mean_ns = share->mean_ns == 0 ? ns : (share->mean_ns * (WEIGHT - 1) + ns) / WEIGHT;
}
