// SPDX-License-Identifier: Apache-2.0
// One piece of work for a pool, and a list of such. A list is used under its owner's lock.
#ifndef RECKONER_NET_TASK_H
#define RECKONER_NET_TASK_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct share;
struct share_group;

// Embedded in what it is about. The sender owns it until a pool has taken it, then the pool, which hands it
// to `run` or to `refuse`, once. All but the links is set by the sender. Of the last five fields, a plain
// pool (net/pool.h) uses came_ns and retry_s.
struct task {
    struct task *next, *before; // the list's own
    // Runs on a worker's thread; `worker` is the pool's state for that thread (its store handles).
    void (*run)(struct task *task, void *worker);
    // It has waited for too long, or there is no room for it where it has to wait: retry_s is set. On any of
    // the pool's threads, or that of another sender. NULL: it waits for as long as it takes; not where it has
    // a share or may be in vain.
    void (*refuse)(struct task *task);
    struct share *share;           // borrowed; what it is counted for while it is long; NULL: nothing
    struct share_group *group;     // borrowed; of that share
    const atomic_bool *is_in_vain; // borrowed; set when nobody waits for it any more; NULL: never
    uint64_t came_ns;              // monotonic; since when it waits, as the pool's figures tell it. The pool
                                   // sets it anew where the task begins to wait anew
    unsigned retry_s;              // set by the pool when it refuses: the seconds until there may be room
};

struct task_list {
    struct task *first, *last; // oldest and youngest
    size_t count;              //
};

// Adds a task as the youngest.
void task_list_add(struct task_list *list, struct task *task);

// Takes a task out that is in the list.
void task_list_remove(struct task_list *list, struct task *task);

// What to tell the client of a task that would have to wait for so long: in s, from 1 to LIMIT_RETRY_AFTER_S.
unsigned task_retry_s(uint64_t wait_ns);

#endif
