// SPDX-License-Identifier: Apache-2.0
// One struct jobs for each service that wants them.
#include "serve/app_jobs.h"

#include "base/limits.h"
#include "base/mem.h"
#include "serve/context.h"
#include "serve/deferred.h"
#include "serve/job_paying.h"

struct app_job {
    struct deferred deferred; // what the runner is told
    struct jobs *jobs;        // owned; NULL: none
};

struct app_jobs {
    size_t count;
    struct app_job items[];
};

// --- for the runner

static void on_done(void *ctx, const struct job *job, const struct batch *batch)
{
    const struct deferred *deferred = ctx;
    job_paying_charge(deferred->context, deferred->service, job, batch);
}

// --- life

static bool has_rows(const struct app *app)
{
    for (size_t i = 0; i < app->endpoint_count; i++) {
        if (!endpoint_is_read(&app->endpoints[i]) && app->endpoints[i].field_count > 0)
            return true;
    }
    return false;
}

static enum err_code start(struct app_job *item, struct err *err)
{
    struct context *context = item->deferred.context;
    const struct service *service = &context->services[item->deferred.service];
    const struct jobs_options options = {.store = service->store,
        .writer = service->writer,
        .bounds = {.jobs = LIMIT_JOBS, .bytes = (int64_t)LIMIT_JOBS_MIB << 20},
        .running = {.means = context_means(context),
            .ctx = &item->deferred,
            .app = deferred_app,
            .problem = deferred_problem,
            .done = on_done},
        .log = deferred_log(&item->deferred)};
    return jobs_new(&options, &item->jobs, err);
}

enum err_code app_jobs_new(
    struct context *context, bool is_watched, struct app_jobs **ret_jobs, struct err *err)
{
    size_t count = context->service_count;
    struct app_jobs *jobs = mem_zalloc(1, sizeof(*jobs) + count * sizeof(jobs->items[0]));
    if (jobs == NULL)
        return err_no_memory(err);
    jobs->count = count;
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < count; i++) {
        jobs->items[i].deferred = (struct deferred){.context = context, .service = i, .what = "a job"};
        if (is_watched || has_rows(context->services[i].app))
            code = start(&jobs->items[i], err);
    }
    if (code != ERR_NONE) {
        app_jobs_free(jobs);
        return code;
    }
    *ret_jobs = jobs;
    return ERR_NONE;
}

struct jobs *app_jobs_of(const struct app_jobs *jobs, size_t service)
{
    return jobs != NULL ? jobs->items[service].jobs : NULL;
}

void app_jobs_rest(struct app_jobs *jobs, bool rests)
{
    for (size_t i = 0; jobs != NULL && i < jobs->count; i++) {
        if (jobs->items[i].jobs != NULL)
            jobs_rest(jobs->items[i].jobs, rests);
    }
}

void app_jobs_end(struct app_jobs *jobs, uint64_t until_ns)
{
    app_jobs_rest(jobs, true); // all at once, then one after the other
    for (size_t i = 0; jobs != NULL && i < jobs->count; i++) {
        if (jobs->items[i].jobs != NULL)
            jobs_end(jobs->items[i].jobs, until_ns);
    }
}

bool app_jobs_are_waiting(const struct app_jobs *jobs)
{
    for (size_t i = 0; jobs != NULL && i < jobs->count; i++) {
        if (jobs->items[i].jobs != NULL && jobs_are_waiting(jobs->items[i].jobs))
            return true;
    }
    return false;
}

void app_jobs_free(struct app_jobs *jobs)
{
    for (size_t i = 0; jobs != NULL && i < jobs->count; i++)
        jobs_free(jobs->items[i].jobs);
    mem_free(jobs);
}
