// SPDX-License-Identifier: Apache-2.0
// Keeps a copy of the run, as the plan may run for another batch of the same transaction.
#include "batch/slowest.h"

void slowest_note(struct slowest *slowest, struct batch *batch, struct plan *plan)
{
    const struct statement_run *run = plan_slowest(plan);
    if (run->ns > slowest->run.ns)
        *slowest = (struct slowest){.batch = batch, .plan = plan, .run = *run};
}

void slowest_tell(const struct slowest *slowest, const struct writer_observer *observer)
{
    if (observer->on_slowest != NULL && slowest->batch != NULL)
        observer->on_slowest(observer->ctx, slowest->batch, slowest->plan, &slowest->run);
}
