// SPDX-License-Identifier: Apache-2.0
// One job after another, from where it is taken to what becomes of its try:
//
//     take (the desk) ─ read, check ─ writer ─┬─ its rows are in, and it is done with them
//                                             └─ outcome (the desk): refused, failed, or tried again
//
// The runner's thread.
#ifndef RECKONER_JOBS_JOB_RUN_H
#define RECKONER_JOBS_JOB_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "app/app.h"
#include "app/report.h"
#include "base/buf.h"
#include "base/err.h"
#include "jobs/job.h"
#include "jobs/job_try.h"
#include "jobs/lease_keeper.h"
#include "jobs/meantime.h"
#include "jobs/runner_tally.h"
#include "store/own_sql.h"

struct job_run_options {
    struct batch_means means; // of all batches
    void *ctx;                // handed to the functions, which are called on the runner's thread

    // A reference to the app as it is in force; NULL: none is.
    struct app *(*app)(void *ctx);

    // The status and the problem document that a direct request would have got; appended to `out`.
    int (*problem)(void *ctx, const struct err *err, const struct report *report, struct buf *out);

    // A job is done: it went in as `batch`, which is the runner's still.
    void (*done)(void *ctx, const struct job *job, const struct batch *batch);
};

struct job_run {
    struct job_run_options options; // fixed
    struct meantime *meantime;      // borrowed, as the next three
    struct lease_keeper *keeper;    //
    struct runner_tally *tally;     //
    struct own_statements *own;     // of the connection for reading
    struct job_try try;             // the one under way
    unsigned failures;              // in a row, that were not a job's own
    uint64_t not_before_ns;         // monotonic: no job is taken until then
};

// Takes the first job that is due and tries it. *ret_moved: there was one. An error is the store's, and no
// job's: something could not be noted, and is found again at the next look.
MUST_CHECK enum err_code job_run_next(struct job_run *run, bool *ret_moved, struct err *err);

#endif
