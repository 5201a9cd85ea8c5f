// SPDX-License-Identifier: Apache-2.0
// What a runner has done, and sees. Any thread.
#ifndef RECKONER_JOBS_RUNNER_TALLY_H
#define RECKONER_JOBS_RUNNER_TALLY_H

#include <pthread.h>
#include <stdint.h>

#include "jobs/job.h"
#include "jobs/job_store.h"

struct runner_stats {
    struct job_queue queue;        // as it was at the last look
    int64_t now_ms;                // the database's clock then; 0: the store was not asked yet
    uint64_t outcomes[JOB_STATES]; // jobs that ended so here; JOB_QUEUED: tries that failed
    uint64_t job_ms;               // what the last jobs took, a mean; 0: none has ended
    int64_t number;                // of the job that it runs; 0: none
    uint64_t rows;                 // of it that were read
};

struct runner_tally {
    pthread_mutex_t lock; // guards the others; held for moments
    struct runner_stats stats;
};

void runner_tally_init(struct runner_tally *tally);
void runner_tally_fini(struct runner_tally *tally);

struct runner_stats runner_tally_read(struct runner_tally *tally);

// What a look at the store has shown.
void runner_tally_look(struct runner_tally *tally, const struct job_queue *queue, int64_t now_ms);

// The job that it runs from here on, of which no rows were read yet; 0: it runs none.
void runner_tally_set_job(struct runner_tally *tally, int64_t number);

// So many rows of it were read.
void runner_tally_set_rows(struct runner_tally *tally, uint64_t rows);

// A try has left its job in that state.
void runner_tally_count(struct runner_tally *tally, enum job_state state);

// A job has taken so long.
void runner_tally_time(struct runner_tally *tally, uint64_t took_ms);

#endif
