// SPDX-License-Identifier: Apache-2.0
// A job as JSON: what /-/jobs, 202 and `reckoner job` show. Pure functions.
#ifndef RECKONER_SERVE_JOB_JSON_H
#define RECKONER_SERVE_JOB_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "jobs/job.h"

struct job_shown {
    const struct job *job; // borrowed, as all
    struct span app;       // its name
    int64_t ahead;         // jobs that are to be done before it; -1: not known
    int64_t rows_read;     // by the try that is under way; 0: not known
};

// Appends an object, without a line feed. What a client got, or would have got, is in it: the answer of a job
// that is done as "answer"; of one that has failed the members of its problem document, "errors" among them.
// Failures stick to `out`.
void job_json_write(const struct job_shown *shown, struct buf *out);

#endif
