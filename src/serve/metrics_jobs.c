// SPDX-License-Identifier: Apache-2.0
// Jobs, as the runner of this process has seen them at its last look, within a second or so; no store is
// asked. On PostgreSQL each node shows the queue of all, and counts the jobs that it has run itself.
#include "jobs/jobs.h"
#include "serve/app_jobs.h"
#include "serve/metrics.h"
#include "text/exposition.h"

enum { LABELS_BYTES = 1024 };

static struct span label(struct buf *labels, const struct context *context, size_t service)
{
    buf_clear(labels);
    exposition_label(labels, "app", span_of(context->services[service].app->name));
    return buf_span(labels);
}

static void write_queues(const struct context *context, struct buf *labels, struct buf *out)
{
    exposition_family(out, "reckoner_jobs_queued", EXPOSITION_GAUGE,
        "Batches that were accepted for later and wait, or are being done.");
    for (size_t i = 0; i < context->service_count; i++) {
        struct jobs *jobs = app_jobs_of(context->jobs, i);
        if (jobs == NULL)
            continue;
        struct job_queue queue = jobs_stats(jobs).queue;
        exposition_count(
            out, "reckoner_jobs_queued", label(labels, context, i), (uint64_t)(queue.queued + queue.running));
    }
    exposition_family(out, "reckoner_jobs_oldest_seconds", EXPOSITION_GAUGE,
        "Age of the oldest of them; 0: there is none.");
    for (size_t i = 0; i < context->service_count; i++) {
        struct jobs *jobs = app_jobs_of(context->jobs, i);
        if (jobs == NULL)
            continue;
        struct runner_stats stats = jobs_stats(jobs);
        int64_t age_ms = stats.queue.oldest_ms > 0 ? stats.now_ms - stats.queue.oldest_ms : 0;
        exposition_count(out, "reckoner_jobs_oldest_seconds", label(labels, context, i),
            age_ms > 0 ? (uint64_t)age_ms / 1000 : 0);
    }
}

static void write_outcomes(const struct context *context, struct buf *labels, struct buf *out)
{
    static const struct {
        enum job_state state;
        const char *outcome;
    } outcomes[] = {
        {JOB_DONE, "done"}, {JOB_REFUSED, "refused"}, {JOB_FAILED, "failed"}, {JOB_QUEUED, "tried_again"}};
    exposition_family(out, "reckoner_job_tries_total", EXPOSITION_COUNTER,
        "Tries of jobs by this process, by what became of them.");
    for (size_t i = 0; i < context->service_count; i++) {
        struct jobs *jobs = app_jobs_of(context->jobs, i);
        if (jobs == NULL)
            continue;
        struct runner_stats stats = jobs_stats(jobs);
        for (size_t j = 0; j < ARRAY_LEN(outcomes); j++) {
            (void)label(labels, context, i);
            exposition_label(labels, "outcome", span_of(outcomes[j].outcome));
            exposition_count(
                out, "reckoner_job_tries_total", buf_span(labels), stats.outcomes[outcomes[j].state]);
        }
    }
}

void metrics_jobs(const struct context *context, struct buf *out)
{
    AUTO(buf_fini) struct buf labels;
    buf_init(&labels, LABELS_BYTES);
    write_queues(context, &labels, out);
    write_outcomes(context, &labels, out);
}
