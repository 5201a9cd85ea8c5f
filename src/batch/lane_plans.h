// SPDX-License-Identifier: Apache-2.0
// The plans of the write endpoints of one app, prepared on the connection of a lane. On the lane's thread.
#ifndef RECKONER_BATCH_LANE_PLANS_H
#define RECKONER_BATCH_LANE_PLANS_H

#include <stdbool.h>

#include "app/app.h"
#include "app/plan.h"
#include "base/err.h"
#include "batch/writer.h"
#include "store/store.h"

struct lane_plans {
    struct store_conn *conn; // borrowed
    bool is_early;           // what the plans check early is found out (plan_find_early)
    struct app *app;         // a reference
    struct plan **each; // owned; one for each endpoint of the app; NULL: it reads, is not prepared yet, or
                        // has gone stale
};

// Prepares every write endpoint of `app` in the place of what was prepared; keeps a reference. Errors of
// plan_new, in `diags`; then all stays as it was.
MUST_CHECK enum err_code lane_plans_prepare(
    struct lane_plans *plans, struct app *app, struct diags *diags, struct err *err);

// Has each endpoint of `app` prepared by the first batch that needs it. ERR_NO_MEMORY.
MUST_CHECK enum err_code lane_plans_prepare_later(struct lane_plans *plans, struct app *app, struct err *err);

// Makes the batch's app the one that is prepared, with its endpoint; outside of a transaction. It was checked
// before it was served: when that fails, the store has changed since. Errors of plan_new.
MUST_CHECK enum err_code lane_plans_need(
    struct lane_plans *plans, const struct batch *batch, struct err *err);

// Where the plan of a batch of that app is.
static inline struct plan **lane_plans_of(const struct lane_plans *plans, const struct batch *batch)
{
    return &plans->each[batch->endpoint - plans->app->endpoints];
}

// Drops the plan of a batch, which has gone stale.
void lane_plans_drop(struct lane_plans *plans, const struct batch *batch);

// Frees them, before the connection is closed.
void lane_plans_fini(struct lane_plans *plans);

#endif
