// SPDX-License-Identifier: Apache-2.0
// Clearing up behind jobs: bodies that are of no use any more, and now and then what is old. The runner's
// thread.
#ifndef RECKONER_JOBS_JOB_SWEEP_H
#define RECKONER_JOBS_JOB_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "jobs/meantime.h"
#include "store/own_sql.h"

struct job_sweep {
    uint64_t next_ns; // monotonic: when old jobs are looked for next
};

// Old jobs are looked for when the start of the server is over.
void job_sweep_init(struct job_sweep *sweep);

// Does one step, if there is anything to do, by a transaction of the desk's; true when there may be more.
// `now_ms`: the database's clock. What fails is done later.
bool job_sweep_step(
    struct job_sweep *sweep, int64_t now_ms, struct own_statements *own, struct meantime *meantime);

#endif
