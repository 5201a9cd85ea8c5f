// SPDX-License-Identifier: Apache-2.0
// A fixed number of threads that run blocking work from one bounded queue.
#ifndef RECKONER_NET_POOL_H
#define RECKONER_NET_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct pool;

// One piece of work, embedded in what it is about. The sender owns it until pool_submit succeeds, then the
// worker.
struct task {
    struct task *next; // the queue's own
    // Runs on a worker's thread; `worker` is the pool's state for that thread (its store handles).
    void (*run)(struct task *task, void *worker);
};

// A pool of `threads` workers over a queue of at most max_queued waiting tasks; workers[i] is handed to the
// tasks that thread i runs, and is borrowed; NULL when they have no state. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code pool_new(
    size_t threads, void *const *workers, size_t max_queued, struct pool **ret_pool, struct err *err);

// Queues a task; false, at once, when the queue is full or the pool ends. Any thread.
MUST_CHECK bool pool_submit(struct pool *pool, struct task *task);

// For a worker that can do several tasks at once (batches that share a commit, reads that share a round
// trip): takes the next waiting task. NULL when there are no more tasks than sleeping threads, which will
// take them, or when `wants` refuses the task, which leaves it where it is; without a `wants` any task will
// do. `wants` is called under the queue's lock: it has to be short, and may not come back here. On a worker's
// thread.
struct task *pool_take(struct pool *pool, bool (*wants)(void *ctx, struct task *next), void *ctx);

// Tasks that wait now. Any thread.
size_t pool_queued(struct pool *pool);

// Runs what is queued, ends the threads and frees. NULL is fine.
void pool_free(struct pool *pool);

#endif
