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
    size_t long_running; // long tasks of all its shares
};

struct share {
    size_t long_running;      // long tasks
    size_t queued;            // its tasks in the pool's queue of quick ones
    bool is_long;             // the last task was: others wait here, and not among the quick ones
    struct task_list waiting; //
    struct share *next;       // in the list of shares in which tasks wait
    uint64_t mean_ns;         // of the last long ones; 0: not known
};

// Whether one more long task may run, as far as its share and that one's group go, in a pool of so many
// places.
bool share_has_room(const struct share *share, const struct share_group *group, size_t places);

// Of one more task, how long it would wait here, in a pool of so many places. As tasks differ, an estimate.
uint64_t share_wait_ns(const struct share *share, size_t places);

// A long task has begun, or ended that took so long.
void share_begin(struct share *share, struct share_group *group);
void share_end(struct share *share, struct share_group *group);
void share_learn(struct share *share, uint64_t ns);

#endif
