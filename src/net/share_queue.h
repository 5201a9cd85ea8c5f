// SPDX-License-Identifier: Apache-2.0
// The tasks that wait in a pool with shares: quick ones for a place, and those of a long share for that
// share. Under the pool's lock. What is refused is put aside, and refused when the lock has ended.
#ifndef RECKONER_NET_SHARE_QUEUE_H
#define RECKONER_NET_SHARE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/share.h"
#include "net/task.h"

struct share_queue {
    size_t places;          // of the pool; fixed
    size_t max_quick;       // quick tasks that may wait
    struct task_list quick; // wait for a place
    struct share *shares;   // those in which tasks wait, in turn
    struct task_list aside; // taken out, and still to be refused
    size_t refused;         // since the start, but those in vain
    uint64_t quick_pace_ns; // between the ends of two quick tasks while others waited; 0: not known
};

// --- one task

// Puts a task among the quick ones. False, with task->retry_s set, when there is no room for it.
bool share_queue_add_quick(struct share_queue *queue, struct task *task);

// Puts a task among those that wait for its share; has_room: it could run now. False, with task->retry_s set,
// when there is no room for it, or it would wait for too long.
bool share_queue_add_long(struct share_queue *queue, struct task *task, bool has_room);

// The quick task that is next; NULL: none waits. It is the oldest, or the newest when the oldest ones have
// waited for so long that their clients will give up before their answers come; at 0 none of them has.
struct task *share_queue_next_quick(const struct share_queue *queue, uint64_t now_ns);

// Takes that one out.
void share_queue_take_quick(struct share_queue *queue, struct task *task);

// Takes out the oldest task of the share at *at, which goes to the end of the shares that wait.
struct task *share_queue_take_long(struct share_queue *queue, struct share **at);

// --- refusing

// Whether nobody waits for the task any more.
bool share_queue_is_in_vain(const struct task *task);

// Refuses the oldest task of the share at *at, which then may not be listed any more.
void share_queue_refuse_first(struct share_queue *queue, struct share **at);

// Refuses those of the share that nobody waits for any more, so that they are not in the way of others.
void share_queue_refuse_in_vain(struct share_queue *queue, struct share *share);

// Refuses the quick tasks that have waited for too long; or all tasks that have.
void share_queue_refuse_late_quick(struct share_queue *queue, uint64_t now_ns);
void share_queue_refuse_late(struct share_queue *queue, uint64_t now_ns);

// When the next task will have waited for too long. UINT64_MAX: never.
uint64_t share_queue_late_ns(const struct share_queue *queue);

// Counts and returns those put aside, for share_queue_refuse without the lock; NULL: there are none.
struct task *share_queue_take_aside(struct share_queue *queue);
void share_queue_refuse(struct task *aside);

// --- shares

// The share is long from here on: its tasks among the quick ones are to wait for it.
void share_queue_make_long(struct share_queue *queue, struct share *share, bool has_room);

// The other way round. Among the quick ones they begin to wait anew, as what has waited for as long as long
// ones may would be refused there at once.
void share_queue_make_quick(struct share_queue *queue, struct share *share, uint64_t now_ns);

#endif
