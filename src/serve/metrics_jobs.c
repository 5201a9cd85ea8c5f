// SPDX-License-Identifier: Apache-2.0
// Jobs, as the runner of this process has seen them at its last look, within a second or so; no store is
// asked. On PostgreSQL each node shows the queue of all, and counts the jobs that it has run itself.
#include "jobs/jobs.h"
#include "serve/app_jobs.h"
#include "serve/metrics.h"
#include "serve/metrics_samples.h"

enum { QUEUED, OLDEST, TRIES };

// What became of a try, and its word.
static const enum job_state states[] = {JOB_DONE, JOB_REFUSED, JOB_FAILED, JOB_QUEUED};
static const char *const outcomes[ARRAY_LEN(states)] = {"done", "refused", "failed", "tried_again"};

static const struct metrics_family families[] = {
    {.name = "reckoner_jobs_queued",
        .kind = EXPOSITION_GAUGE,
        .help = "Batches that were accepted for later and wait, or are being done.",
        .value = QUEUED},
    {.name = "reckoner_jobs_oldest_seconds",
        .kind = EXPOSITION_GAUGE,
        .help = "Age of the oldest of them; 0: there is none.",
        .value = OLDEST},
    {.name = "reckoner_job_tries_total",
        .kind = EXPOSITION_COUNTER,
        .help = "Tries of jobs by this process, by what became of them.",
        .value = TRIES,
        .label = "outcome",
        .words = outcomes,
        .count = ARRAY_LEN(outcomes)},
};

static bool read_app(const struct context *context, size_t service, uint64_t ret_values[METRICS_VALUES])
{
    struct jobs *jobs = app_jobs_of(context->jobs, service);
    if (jobs == NULL)
        return false;
    struct runner_stats stats = jobs_stats(jobs);
    int64_t age_ms = stats.queue.oldest_ms > 0 ? stats.now_ms - stats.queue.oldest_ms : 0;
    ret_values[QUEUED] = (uint64_t)(stats.queue.queued + stats.queue.running);
    ret_values[OLDEST] = age_ms > 0 ? (uint64_t)age_ms / 1000 : 0;
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        ret_values[TRIES + i] = stats.outcomes[states[i]];
    return true;
}

void metrics_jobs(const struct context *context, struct buf *out)
{
    metrics_by_app(context, families, ARRAY_LEN(families), read_app, out);
}
