// SPDX-License-Identifier: Apache-2.0
// The thread that works off the jobs of an app, one after the other, in the order of their numbers.
#ifndef RECKONER_JOBS_RUNNER_H
#define RECKONER_JOBS_RUNNER_H

#include <stdbool.h>
#include <stdint.h>

#include "app/app.h"
#include "app/report.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/teller.h"
#include "batch/desk.h"
#include "jobs/job_store.h"
#include "jobs/job_try.h"
#include "jobs/waits.h"

struct runner;

struct runner_options {
    struct store *store;           // borrowed, as all
    struct desk *desk;             //
    struct waits *waits;           //
    struct job_try_options trying; //
    void *ctx;                     // handed to the functions, which are called on the runner's thread

    // A reference to the app as it is in force; NULL: none is.
    struct app *(*app)(void *ctx);

    // The status and the problem document that a direct request would have got; appended to `out`.
    int (*problem)(void *ctx, const struct err *err, const struct report *report, struct buf *out);

    // A job is done: it went in as `batch`, which is the runner's still.
    void (*done)(void *ctx, const struct job *job, const struct batch *batch);

    struct teller log; // on the runner's thread, too
};

// ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code runner_new(
    const struct runner_options *options, struct runner **ret_runner, struct err *err);

// Starts the thread. ERR_IO.
MUST_CHECK enum err_code runner_start(struct runner *runner, struct err *err);

// There may be something to do. Any thread.
void runner_wake(struct runner *runner);

// While it rests, it takes no job, and lets others have the lease; what it has taken it goes on with. Any
// thread.
void runner_rest(struct runner *runner, bool rests);

// What a runner has done and sees.
struct runner_stats {
    struct job_queue queue;        // as it was at the last look
    int64_t now_ms;                // the database's clock then; 0: the store was not asked yet
    uint64_t outcomes[JOB_STATES]; // jobs that ended so here; JOB_QUEUED: tries that failed
    uint64_t job_ms;               // what the last jobs took, a mean; 0: none has ended
    int64_t number;                // of the job that it runs; 0: none
    uint64_t rows;                 // of it that were read
};

// Any thread.
struct runner_stats runner_stats(struct runner *runner);

// Has the thread end when the job that it is at has ended, and waits until it has, or until `until_ns` of the
// monotonic clock.
void runner_end(struct runner *runner, uint64_t until_ns);

// Waits for the thread, when neither desk nor writer do anything any more, and frees. NULL is fine.
void runner_free(struct runner *runner);

#endif
