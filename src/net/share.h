// SPDX-License-Identifier: Apache-2.0
// What the long tasks of one kind (an endpoint's reads) may take of a pool, and those of a group of kinds (an
// app's). Zeroed is a new one. It outlives all tasks that name it; all fields are under the pool's lock.
#ifndef RECKONER_NET_SHARE_H
#define RECKONER_NET_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/task.h"

struct share_group {
    size_t running; // long tasks of all its shares
};

struct share {
    size_t running;           // long tasks
    size_t queued;            // its tasks in the pool's queue of quick ones
    bool is_slow;             // the last one was long: others wait here, and not among the quick ones
    struct task_list waiting; //
    struct share *next;       // in the pool's list of shares in which tasks wait
    uint64_t mean_ns;         // of the last long ones; 0: not known
};

// Of one more task, how long it would wait here where `at_once` of them run at a time. As tasks differ, an
// estimate.
uint64_t share_wait_ns(const struct share *share, size_t at_once);

// A long task has ended that took so long.
void share_learn(struct share *share, uint64_t ns);

#endif
