// SPDX-License-Identifier: Apache-2.0
// How its sender waits, and what he does meanwhile, is his own. The desk's thread.
#include "batch/desk_change.h"

#include <stddef.h>

static void run(struct desk_task *task, struct own_statements *own, const struct err *why)
{
    struct desk_change *change = CONTAINER_OF(task, struct desk_change, task);
    if (own == NULL)
        change->err = *why;
    else
        (void)!desk_transact(own, change->make, change->ctx, &change->err);
    change->on_done(change);
}

bool desk_change_send(struct desk *desk, struct desk_change *change)
{
    change->task.run = run;
    return desk_send(desk, &change->task);
}
