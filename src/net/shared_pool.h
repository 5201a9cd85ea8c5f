// SPDX-License-Identifier: Apache-2.0
// Threads that run blocking work from a bounded queue: so many tasks at a time while they are quick. A task
// that turns out to be long gives its place back and goes on beside the quick ones. Of long tasks, each share
// and each group of shares has a number that may run at a time; more of them wait by themselves. Where all
// tasks may take as long as they like, see net/pool.h.
#ifndef RECKONER_NET_SHARED_POOL_H
#define RECKONER_NET_SHARED_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "net/pool_stats.h"
#include "net/share.h"
#include "net/task.h"

struct shared_pool;

// Threads of a pool that runs `places` quick tasks at a time.
size_t shared_pool_threads(size_t places);

// A pool that runs `places` quick tasks at a time, and long ones as base/limits.h has it (LIMIT_LONG_…), on
// shared_pool_threads(places) threads, of which the first ones are used most. handles[i] is handed to the
// tasks that thread i runs, and is borrowed; NULL when they need nothing. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code shared_pool_new(
    size_t places, void *const *handles, size_t max_queued, struct shared_pool **ret_pool, struct err *err);

// Queues a task; false, at once, when there is no room or the pool ends: task->retry_s is set. Any thread.
MUST_CHECK bool shared_pool_submit(struct shared_pool *pool, struct task *task);

// For a worker that can do several tasks at once (reads that share a round trip): takes the next waiting
// quick task. NULL when there are no more of them than free places, which will take them, or when `wants`
// refuses the task, which leaves it where it is; without a `wants` any task will do. `wants` is called under
// the pool's lock: it has to be short, and may not come back here. On a worker's thread.
struct task *shared_pool_take(
    struct shared_pool *pool, bool (*wants)(void *ctx, struct task *next), void *ctx);

// What the worker has done until now was for that task, which it has taken, and so is what it still does: if
// that is long, the task's share is. Of a task with a share, on a worker's thread that has begun with one.
void shared_pool_blame(struct shared_pool *pool, const struct task *task);

// The worker is done with what it counted for, and begins with that task, which it has taken. The time until
// now is the share's before, and the task's begins now. Of whom and where as above.
void shared_pool_next(struct shared_pool *pool, const struct task *task);

// Has the queue take so many from here on; what waits beyond them stays. Any thread.
void shared_pool_set_max_queued(struct shared_pool *pool, size_t max_queued);

// Tasks that wait now, but for those that wait for their shares. Any thread.
size_t shared_pool_queued(struct shared_pool *pool);

// What it does at the moment. Any thread.
struct pool_stats shared_pool_stats(struct shared_pool *pool);

// Runs what is queued, ends the threads and frees. NULL is fine.
void shared_pool_free(struct shared_pool *pool);

#endif
