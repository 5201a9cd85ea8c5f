// SPDX-License-Identifier: Apache-2.0
// A request as a task of the pool of reads: of an endpoint, a file, or a page of the server's own. On the
// request's loop.
#ifndef RECKONER_SERVE_READS_TASK_H
#define RECKONER_SERVE_READS_TASK_H

#include "net/task.h"
#include "serve/request.h"

// Makes the request, which is away from here on, a task that is done by `run` on a worker's thread. It is
// answered when it comes back.
void reads_task_prepare(
    struct request *request, struct http_exchange *exchange, void (*run)(struct task *task, void *worker));

// Hands it to the pool; or sends it back with the answer that the pool is full, as the pool does later with
// one that waits there for too long.
void reads_task_submit(struct request *request);

// Both.
void reads_task_start(
    struct request *request, struct http_exchange *exchange, void (*run)(struct task *task, void *worker));

#endif
