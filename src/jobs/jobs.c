// SPDX-License-Identifier: Apache-2.0
// Puts the parts together. At the end the runner goes first, as it uses all others.
#include "jobs/jobs.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "batch/desk_change.h"

struct jobs {
    struct desk *desk;       // owned, as all
    struct waits waits;      //
    struct entries *entries; //
    struct runner *runner;   //
};

static void on_accepted(void *ctx)
{
    struct jobs *jobs = ctx;
    runner_wake(jobs->runner);
}

enum err_code jobs_new(const struct jobs_options *options, struct jobs **ret_jobs, struct err *err)
{
    struct jobs *jobs = mem_zalloc(1, sizeof(*jobs));
    if (jobs == NULL)
        return err_no_memory(err);
    waits_init(&jobs->waits);
    enum err_code code = desk_new(options->store, options->writer, &jobs->desk, err);
    const struct runner_options running = {.store = options->store,
        .desk = jobs->desk,
        .waits = &jobs->waits,
        .running = options->running,
        .log = options->log};
    if (code == ERR_NONE)
        code = runner_new(&running, &jobs->runner, err);
    const struct entries_options coming = {
        .desk = jobs->desk, .bounds = options->bounds, .on_accepted = on_accepted, .ctx = jobs};
    if (code == ERR_NONE)
        code = entries_new(&coming, &jobs->entries, err);
    if (code == ERR_NONE)
        code = runner_start(jobs->runner, err);
    if (code != ERR_NONE) {
        jobs_free(jobs);
        return code;
    }
    *ret_jobs = jobs;
    return ERR_NONE;
}

bool jobs_add(struct jobs *jobs, struct job_entry *entry)
{
    return entries_add(jobs->entries, entry);
}

bool jobs_wait(struct jobs *jobs, struct job_wait *wait)
{
    bool is_taken = waits_add(&jobs->waits, wait);
    if (is_taken)
        runner_wake(jobs->runner); // it goes by the end of the wait
    return is_taken;
}

// --- cancelling

struct cancelling {
    struct desk_change change;
    struct span id;
    bool is_moved;        // out
    pthread_mutex_t lock; // guards is_done
    pthread_cond_t done;  // signalled when it is
    bool is_done;         //
};

static enum err_code cancel_in(void *ctx, struct own_statements *own, struct err *err)
{
    struct cancelling *cancelling = ctx;
    int64_t now_ms;
    enum err_code code = own_now_ms(own, &now_ms, err);
    return code == ERR_NONE ? job_store_cancel(own, cancelling->id, now_ms, &cancelling->is_moved, err)
                            : code;
}

static void on_cancelled(struct desk_change *change)
{
    struct cancelling *cancelling = CONTAINER_OF(change, struct cancelling, change);
    pthread_mutex_lock(&cancelling->lock);
    cancelling->is_done = true;
    pthread_cond_signal(&cancelling->done);
    pthread_mutex_unlock(&cancelling->lock);
}

enum err_code jobs_cancel(struct jobs *jobs, struct span id, bool *ret_moved, struct err *err)
{
    struct cancelling cancelling = {.id = id};
    cancelling.change = (struct desk_change){.make = cancel_in, .ctx = &cancelling, .on_done = on_cancelled};
    pthread_mutex_init(&cancelling.lock, NULL);
    pthread_cond_init(&cancelling.done, NULL);
    bool is_sent = desk_change_send(jobs->desk, &cancelling.change);
    pthread_mutex_lock(&cancelling.lock);
    while (is_sent && !cancelling.is_done)
        pthread_cond_wait(&cancelling.done, &cancelling.lock);
    pthread_mutex_unlock(&cancelling.lock);
    pthread_cond_destroy(&cancelling.done);
    pthread_mutex_destroy(&cancelling.lock);
    if (!is_sent)
        return err_set(err, ERR_BUSY, "too many batches are waiting: send this again later");
    if (cancelling.change.err.code != ERR_NONE) {
        *err = cancelling.change.err;
        return err->code;
    }
    *ret_moved = cancelling.is_moved;
    if (cancelling.is_moved)
        runner_wake(jobs->runner); // those behind it may have waited for its next try
    return ERR_NONE;
}

// --- what is known of them

struct runner_stats jobs_stats(struct jobs *jobs)
{
    return runner_stats(jobs->runner);
}

unsigned jobs_retry_s(struct jobs *jobs)
{
    uint64_t s = (runner_stats(jobs->runner).job_ms + 999) / 1000;
    if (s == 0)
        return 1;
    return s < LIMIT_RETRY_AFTER_S ? (unsigned)s : LIMIT_RETRY_AFTER_S;
}

bool jobs_are_waiting(struct jobs *jobs)
{
    struct runner_stats stats = runner_stats(jobs->runner);
    return stats.queue.queued + stats.queue.running > 0;
}

// --- the end

void jobs_rest(struct jobs *jobs, bool rests)
{
    runner_rest(jobs->runner, rests);
}

void jobs_end(struct jobs *jobs, uint64_t until_ns)
{
    waits_end(&jobs->waits);
    runner_end(jobs->runner, until_ns);
}

void jobs_free(struct jobs *jobs)
{
    if (jobs == NULL)
        return;
    waits_end(&jobs->waits);
    if (jobs->desk != NULL)
        desk_end(jobs->desk);
    runner_free(jobs->runner);
    desk_free(jobs->desk);
    entries_free(jobs->entries);
    waits_fini(&jobs->waits);
    mem_free(jobs);
}
