// SPDX-License-Identifier: Apache-2.0
// Threads that run blocking work from one bounded queue, in order, however long it takes. Where slow tasks
// are not to hold up quick ones, see net/shared_pool.h.
#ifndef RECKONER_NET_POOL_H
#define RECKONER_NET_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "net/pool_stats.h"
#include "net/task.h"

struct pool;

// A pool that runs `threads` tasks at a time from a queue of at most max_queued; handles[i] is handed to the
// tasks that thread i runs, and is borrowed; NULL when they need nothing. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code pool_new(
    size_t threads, void *const *handles, size_t max_queued, struct pool **ret_pool, struct err *err);

// Queues a task; false, at once, when there is no room or the pool ends: task->retry_s is set. Any thread.
MUST_CHECK bool pool_submit(struct pool *pool, struct task *task);

// For a worker that can do several tasks at once (batches that share a commit): takes the next waiting task.
// NULL when there are no more tasks than free threads, which will take them, or when `wants` refuses the
// task, which leaves it where it is; without a `wants` any task will do. `wants` is called under the queue's
// lock: it has to be short, and may not come back here. On a worker's thread.
struct task *pool_take(struct pool *pool, bool (*wants)(void *ctx, struct task *next), void *ctx);

// Has the queue take so many from here on; what waits beyond them stays. Any thread.
void pool_set_max_queued(struct pool *pool, size_t max_queued);

// Tasks that wait now. Any thread.
size_t pool_queued(struct pool *pool);

// What it does at the moment. Any thread.
struct pool_stats pool_stats(struct pool *pool);

// Runs what is queued, ends the threads and frees. NULL is fine.
void pool_free(struct pool *pool);

#endif
