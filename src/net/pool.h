// SPDX-License-Identifier: Apache-2.0
// Threads that run blocking work from a bounded queue: so many tasks at a time while they are quick. A task
// that turns out to be long gives its place back and goes on beside the quick ones. Of long tasks, each share
// and each group of shares has a number that may run at a time; more of them wait by themselves.
#ifndef RECKONER_NET_POOL_H
#define RECKONER_NET_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/share.h"
#include "net/task.h"

struct pool;

// Threads of a pool with shares that runs `places` quick tasks at a time.
size_t pool_threads(size_t places);

// A pool that runs `threads` tasks at a time from a queue of at most max_queued, in order, however long they
// take; workers[i] is handed to the tasks that thread i runs, and is borrowed; NULL when they have no state.
// ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code pool_new(
    size_t threads, void *const *workers, size_t max_queued, struct pool **ret_pool, struct err *err);

// A pool with shares: it runs `places` quick tasks at a time, and long ones as base/limits.h has it
// (LIMIT_LONG_…), on pool_threads(places) threads, of which the first ones are used most. `workers` as above.
MUST_CHECK enum err_code pool_new_with_shares(
    size_t places, void *const *workers, size_t max_queued, struct pool **ret_pool, struct err *err);

// Queues a task; false, at once, when there is no room or the pool ends: task->retry_s is set. Any thread.
MUST_CHECK bool pool_submit(struct pool *pool, struct task *task);

// For a worker that can do several tasks at once (batches that share a commit, reads that share a round
// trip): takes the next waiting quick task. NULL when there are no more tasks than free places, which will
// take them, or when `wants` refuses the task, which leaves it where it is; without a `wants` any task will
// do. `wants` is called under the queue's lock: it has to be short, and may not come back here. On a worker's
// thread.
struct task *pool_take(struct pool *pool, bool (*wants)(void *ctx, struct task *next), void *ctx);

// What the worker has done until now was for that task, which it has taken, and so is what it still does: if
// that is long, the task's share is. Of a task with a share, on a worker's thread that has begun with one.
void pool_blame(struct pool *pool, const struct task *task);

// The worker is done with what it counted for, and begins with that task, which it has taken. The time until
// now is the share's before, and the task's begins now. Of whom and where as above.
void pool_next(struct pool *pool, const struct task *task);

// Has the queue take so many from here on; what waits beyond them stays. Any thread.
void pool_set_max_queued(struct pool *pool, size_t max_queued);

// Tasks that wait now, but for those that wait for their shares. Any thread.
size_t pool_queued(struct pool *pool);

struct pool_stats {
    size_t places;       // quick tasks that it runs at a time
    size_t running;      // of them that run now
    size_t long_running; // long tasks that run beside them
    size_t queued;       // tasks that wait for a place
    size_t long_queued;  // tasks that wait for their shares
    size_t max_queued;   // tasks that may wait for a place
    size_t refused;      // since the start: tasks without room, and those that have waited for too long
    uint64_t oldest_ns;  // came_ns of the task that waits longest for a place; 0: none does
};

// What it does at the moment. Any thread.
struct pool_stats pool_stats(struct pool *pool);

// Runs what is queued, ends the threads and frees. NULL is fine.
void pool_free(struct pool *pool);

#endif
