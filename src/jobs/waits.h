// SPDX-License-Identifier: Apache-2.0
// Those who wait for the end of a job (`Prefer: wait=N`). One list an app.
#ifndef RECKONER_JOBS_WAITS_H
#define RECKONER_JOBS_WAITS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "jobs/job.h"

// Embedded in whom it is of, and lent from waits_add until on_over.
struct job_wait {
    char id[JOB_ID_CHARS + 1]; // of the job
    uint64_t until_ns;         // monotonic: it waits no longer

    // Called once, on any thread, when the job is over, or that moment, or the server's time; it must not
    // wait.
    void (*on_over)(struct job_wait *wait);
    struct job_wait *next; // the list's own
};

struct waits {
    pthread_mutex_t lock;   // guards what follows
    struct job_wait *first; // the newest first
    size_t count;           //
    bool is_ended;          // nobody may wait any more
};

void waits_init(struct waits *waits);
void waits_fini(struct waits *waits);

// False when too many wait, or the end has come: then nobody is told. Any thread, as all below.
MUST_CHECK bool waits_add(struct waits *waits, struct job_wait *wait);

// The job is over: tells those who wait for it.
void waits_tell(struct waits *waits, const char *id);

// Tells those whose time is over. Returns when the next one's will be, or UINT64_MAX.
uint64_t waits_expire(struct waits *waits, uint64_t now_ns);

// Copies the ids of up to `max` jobs that are waited for; returns how many.
size_t waits_ids(struct waits *waits, char (*ret_ids)[JOB_ID_CHARS + 1], size_t max);

// Tells all, and takes no more.
void waits_end(struct waits *waits);

#endif
