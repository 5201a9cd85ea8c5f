// SPDX-License-Identifier: Apache-2.0
// What a job that is done has cost its client: its rows, of the plan and as usage, where the batch of a
// direct request would have paid for them. The request that has brought it has paid for itself.
#ifndef RECKONER_SERVE_JOB_PAYING_H
#define RECKONER_SERVE_JOB_PAYING_H

#include <stddef.h>

#include "batch/writer.h"
#include "jobs/job.h"
#include "serve/context.h"

// Charges and counts the rows of a job of that service, which went in as `batch`. On the runner's thread of
// the service.
void job_paying_charge(
    const struct context *context, size_t service, const struct job *job, const struct batch *batch);

#endif
