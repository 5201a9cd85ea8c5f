// SPDX-License-Identifier: Apache-2.0
// One try of a job: its body becomes a batch, as that of a request does, with a seal that marks the job done
// in the rows' own transaction. The runner's thread, but for the seal and on_done, which are the writer's.
#ifndef RECKONER_JOBS_JOB_TRY_H
#define RECKONER_JOBS_JOB_TRY_H

#include <stdbool.h>

#include "app/app.h"
#include "base/arena.h"
#include "base/err.h"
#include "batch/batch.h"
#include "batch/intake.h"
#include "jobs/job.h"
#include "store/own_sql.h"

struct job_try {
    struct batch batch;          // lent to the writer
    struct seal seal;            // of it
    const struct job *job;       // borrowed; NULL: it has not begun
    struct app *app;             // owned reference
    struct arena arena;          // owns parameters and the dialect
    struct intake intake;        // owned
    struct value *params;        // the arena's
    void (*on_piece)(void *ctx); // called now and then while the body is read
    void *ctx;                   // handed to it
};

// Reads a job's body from the store and makes a batch of it, for an app of which it takes the reference. An
// error is one of the job itself (ERR_UNKNOWN, ERR_CONFLICT: its endpoint is gone or another one; those of
// batch/intake.h, with bad rows in batch.report), or of the store. The caller ends it by job_try_fini in any
// case. `on_piece` is called for each piece of the body.
MUST_CHECK enum err_code job_try_read(struct job_try *try, const struct job *job, struct app *app,
    const struct batch_means *means, struct own_statements *own, void (*on_piece)(void *ctx), void *ctx,
    struct err *err);

// The rows that were read so far. Of its thread.
size_t job_try_rows(const struct job_try *try);

// Frees it; not while the writer has its batch. A zeroed struct is fine.
void job_try_fini(struct job_try *try);

#endif
