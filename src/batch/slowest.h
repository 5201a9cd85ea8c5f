// SPDX-License-Identifier: Apache-2.0
// Which statement of the batches of a transaction took longest. Of one lane's thread.
#ifndef RECKONER_BATCH_SLOWEST_H
#define RECKONER_BATCH_SLOWEST_H

#include "app/plan.h"
#include "batch/writer.h"

struct slowest {
    struct batch *batch;      // whose it is; NULL: none has taken any time
    struct plan *plan;        // the lane's
    struct statement_run run; //
};

// A batch has run by the plan, which has forgotten earlier runs.
void slowest_note(struct slowest *slowest, struct batch *batch, struct plan *plan);

// Tells the observer, if there is one; the plan is as it was.
void slowest_tell(const struct slowest *slowest, const struct writer_observer *observer);

#endif
