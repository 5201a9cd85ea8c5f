// SPDX-License-Identifier: Apache-2.0
// What a runner sees of the queue, by reading alone. The runner's thread.
#ifndef RECKONER_JOBS_JOB_VIEW_H
#define RECKONER_JOBS_JOB_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "jobs/job_store.h"
#include "jobs/waits.h"
#include "store/own_sql.h"

enum { JOB_VIEW_BYTES = 16 * 1024 * 1024 }; // of the texts of one job

// Zeroed before the first look.
struct job_view {
    bool has_job;           // some job waits or runs
    bool is_due;            // and may be tried now
    int64_t until_ms;       // else: for so long it is not
    struct job_queue queue; // what waits and runs, as it was counted last
    int64_t now_ms;         // the database's clock; 0: there are no tables of jobs
    uint64_t counted_ns;    // monotonic: when that was; 0: there was nothing to count
};

// Looks again. Where the store has no tables of jobs, there are none. Errors of the store, after which what
// was seen before stands.
MUST_CHECK enum err_code job_view_look(struct job_view *view, struct own_statements *own, struct err *err);

// How long a job is not to be tried yet, in ms; 0: it may be.
int64_t job_view_until_due_ms(const struct job *job, int64_t now_ms);

// Tells those who wait for jobs that other nodes run that these are over.
void job_view_tell_waits(struct own_statements *own, struct waits *waits);

// Whether there is a body that is of no use any more.
bool job_view_has_spent(struct own_statements *own);

#endif
