// SPDX-License-Identifier: Apache-2.0
// One struct jobs for each service that wants them. They are started by the main thread and by the
// reloader's, and go on to the end: an app that takes no rows any more may do so again.
#include "serve/app_jobs.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "base/mem.h"
#include "serve/context.h"
#include "serve/deferred.h"
#include "serve/job_paying.h"

struct app_job {
    struct deferred deferred;    // what the runner is told
    _Atomic(struct jobs *) jobs; // owned; NULL: none yet
};

struct app_jobs {
    pthread_mutex_t lock; // guards the next two, and is held while some are started
    bool rests;           // those that are started later do, too
    bool is_ended;        // none is started any more
    size_t count;         // of services; fixed
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
    struct jobs *jobs;
    enum err_code code = jobs_new(&options, &jobs, err);
    if (code == ERR_NONE)
        atomic_store(&item->jobs, jobs);
    return code;
}

enum err_code app_jobs_follow(struct app_jobs *jobs, size_t service, const struct app *app, struct err *err)
{
    enum err_code code = ERR_NONE;
    if (!has_rows(app))
        return ERR_NONE;
    pthread_mutex_lock(&jobs->lock);
    if (app_jobs_of(jobs, service) == NULL && !jobs->is_ended) {
        code = start(&jobs->items[service], err);
        if (code == ERR_NONE && jobs->rests)
            jobs_rest(app_jobs_of(jobs, service), true);
    }
    pthread_mutex_unlock(&jobs->lock);
    return code;
}

enum err_code app_jobs_new(
    struct context *context, bool is_watched, struct app_jobs **ret_jobs, struct err *err)
{
    size_t count = context->service_count;
    struct app_jobs *jobs = mem_zalloc(1, sizeof(*jobs) + count * sizeof(jobs->items[0]));
    if (jobs == NULL)
        return err_no_memory(err);
    pthread_mutex_init(&jobs->lock, NULL);
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
    return jobs != NULL ? atomic_load(&jobs->items[service].jobs) : NULL;
}

void app_jobs_rest(struct app_jobs *jobs, bool rests)
{
    if (jobs == NULL)
        return;
    pthread_mutex_lock(&jobs->lock);
    jobs->rests = rests;
    for (size_t i = 0; i < jobs->count; i++) {
        if (app_jobs_of(jobs, i) != NULL)
            jobs_rest(app_jobs_of(jobs, i), rests);
    }
    pthread_mutex_unlock(&jobs->lock);
}

void app_jobs_end(struct app_jobs *jobs, uint64_t until_ns)
{
    if (jobs == NULL)
        return;
    app_jobs_rest(jobs, true); // all at once, then one after the other
    pthread_mutex_lock(&jobs->lock);
    jobs->is_ended = true;
    pthread_mutex_unlock(&jobs->lock);
    for (size_t i = 0; i < jobs->count; i++) {
        if (app_jobs_of(jobs, i) != NULL)
            jobs_end(app_jobs_of(jobs, i), until_ns);
    }
}

bool app_jobs_are_waiting(const struct app_jobs *jobs)
{
    for (size_t i = 0; jobs != NULL && i < jobs->count; i++) {
        if (app_jobs_of(jobs, i) != NULL && jobs_are_waiting(app_jobs_of(jobs, i)))
            return true;
    }
    return false;
}

void app_jobs_free(struct app_jobs *jobs)
{
    if (jobs == NULL)
        return;
    for (size_t i = 0; i < jobs->count; i++)
        jobs_free(app_jobs_of(jobs, i));
    pthread_mutex_destroy(&jobs->lock);
    mem_free(jobs);
}
