// SPDX-License-Identifier: Apache-2.0
// The thread that works off the jobs of an app, one after the other, in the order of their numbers.
#ifndef RECKONER_JOBS_RUNNER_H
#define RECKONER_JOBS_RUNNER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/teller.h"
#include "batch/desk.h"
#include "jobs/job_run.h"
#include "jobs/runner_tally.h"
#include "jobs/waits.h"
#include "store/store.h"

struct runner;

struct runner_options {
    struct store *store;            // borrowed, as all
    struct desk *desk;              //
    struct waits *waits;            //
    struct job_run_options running; //
    struct teller log;              // on the runner's thread
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

// Any thread.
struct runner_stats runner_stats(struct runner *runner);

// Has the thread end when the job that it is at has ended, and waits until it has, or until `until_ns` of the
// monotonic clock.
void runner_end(struct runner *runner, uint64_t until_ns);

// Waits for the thread, when neither desk nor writer do anything any more, and frees. NULL is fine.
void runner_free(struct runner *runner);

#endif
