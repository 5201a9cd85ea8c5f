// SPDX-License-Identifier: Apache-2.0
// Says what the pool of reads has to know of a request: since when it waits, and in whose share it counts.
// Which of those that wait is next is net/pool.c's. Runs on the request's loop, but for refuse.
#include "serve/reads_task.h"

#include "base/clock.h"
#include "serve/away.h"
#include "serve/landing.h"

// The pool has no time for the request. On any thread.
static void refuse(struct task *task)
{
    struct request *request = CONTAINER_OF(task, struct request, task);
    if (!landing_give_up(request))
        landing_refuse(request, task->retry_s);
}

void reads_task_prepare(
    struct request *request, struct http_exchange *exchange, void (*run)(struct task *task, void *worker))
{
    struct context *context = request->context;
    struct task *task = &request->task;
    task->run = run;
    task->refuse = refuse;
    task->is_in_vain = &request->abandoned;
    task->came_ns = request->heard == NULL ? request->line.start_ns : clock_monotonic_ns();
    if (request->endpoint != NULL) {
        task->share = &request_endpoint_state(request)->share;
        task->group = &context->share_groups[request->service];
    }
    away_begin_for_reply(request, exchange);
}

void reads_task_submit(struct request *request)
{
    if (!shared_pool_submit(request->context->reads, &request->task))
        landing_refuse(request, request->task.retry_s);
}

void reads_task_start(
    struct request *request, struct http_exchange *exchange, void (*run)(struct task *task, void *worker))
{
    reads_task_prepare(request, exchange, run);
    reads_task_submit(request);
}
