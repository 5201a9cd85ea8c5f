// SPDX-License-Identifier: Apache-2.0
// The jobs of one app in one process: how they come in, who works them off, and who waits for them.
// Everything lasting is in the store (job_store.h).
//
//     jobs_add ─ entries ─ desk ─► store ◄─ desk ─ runner ─ writer
//                                             └─ waits
#ifndef RECKONER_JOBS_JOBS_H
#define RECKONER_JOBS_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/teller.h"
#include "batch/writer.h"
#include "jobs/entries.h"
#include "jobs/runner.h"
#include "jobs/waits.h"
#include "store/store.h"

struct jobs;

struct jobs_options {
    struct store *store;            // borrowed, as all
    struct writer *writer;          //
    struct job_bounds bounds;       // of those that wait
    struct job_run_options running; //
    struct teller log;              // on the runner's thread
};

// Makes them and starts the runner, which takes nothing before there is a job. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code jobs_new(
    const struct jobs_options *options, struct jobs **ret_jobs, struct err *err);

// Accepts a job, see entries.h; false, at once, when too many are on their way. Any thread.
MUST_CHECK bool jobs_add(struct jobs *jobs, struct job_entry *entry);

// Waits for the end of a job, see waits.h. Any thread.
MUST_CHECK bool jobs_wait(struct jobs *jobs, struct job_wait *wait);

// Cancels a job that waits; on a thread that may wait. *ret_moved: it was one.
MUST_CHECK enum err_code jobs_cancel(struct jobs *jobs, struct span id, bool *ret_moved, struct err *err);

// When there may be room in a queue that is full: seconds, 1 to LIMIT_RETRY_AFTER_S. Any thread.
unsigned jobs_retry_s(struct jobs *jobs);

struct runner_stats jobs_stats(struct jobs *jobs);

// Whether jobs wait or run that this process will work off, as far as it knows. Any thread.
bool jobs_are_waiting(struct jobs *jobs);

// As another process takes over, or may: no job is taken. Any thread.
void jobs_rest(struct jobs *jobs, bool rests);

// The server ends: who waits for a job waits no longer; the one at hand may end until then. Any thread.
void jobs_end(struct jobs *jobs, uint64_t until_ns);

// When the writer does nothing more. NULL is fine.
void jobs_free(struct jobs *jobs);

#endif
