// SPDX-License-Identifier: Apache-2.0
// The thread goes round:
//
//     look (its own read connection) ─┬─ nothing is due ─ clears up a little ─ sleeps until woken, or a
//     second
//                                     └─ a job is due ─ take (the desk) ─ read, check ─ writer ─ outcome (the
//                                     desk)
//
// While it waits for the desk or the writer, and between two pieces of a body, it turns to what has its time:
// putting off the end of the lease, and clients whose wait is over. What it knows of a job is what stood in
// the store when it took it; every move names the token of that moment.
//
// A try that fails for a reason that is not the job's own (a store that is locked or full, the server's end)
// does not count, and is repeated without an end, as jobs behind it would fare no better. What may be the
// job's own (a time limit, a failure of the database) counts, and so does an end of the process in its
// middle.
#include "jobs/runner.h"

#include <stdio.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/duty.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "batch/desk_change.h"
#include "batch/verdict.h"
#include "jobs/job_body.h"
#include "jobs/job_lease.h"

enum {
    JOB_BYTES = 16 * 1024 * 1024, // texts of the job at hand
    WAITED = 100,                 // jobs of other nodes that are asked for at a time
    FIRST_SWEEP_MS = 60000,       // after the start, which has other things to write
};

struct runner {
    struct runner_options options; // fixed

    // The thread's own.
    struct own_statements own; // of an owned connection for reading; without one: not connected
    struct job_lease lease;    //
    bool has_lease;            // as far as it knows
    bool has_failed;           // the store, when it was looked at last
    unsigned failures;         // in a row, that were not a job's own
    uint64_t not_before_ns;    // monotonic: it takes no job until then
    uint64_t renewed_ns;       // monotonic: when the lease was put off last
    uint64_t sweep_ns;         // monotonic: when old jobs are looked for next
    uint64_t counted_ns;       // monotonic: when the jobs were counted last; 0: there were none
    struct job_try try;        // the one under way
    struct desk_task renewal;  // the desk's while is_renewing

    struct duty duty; // its lock guards what follows; signalled when the thread has something to look at, too
    bool is_called;   // by runner_wake
    bool is_renewing; // the desk has `renewal`
    struct runner_stats stats;
};

// --- waiting

static void renew(struct desk_task *task, struct own_statements *own, const struct err *why);

static void renew_in_time(struct runner *runner, uint64_t now_ns)
{
    if (!runner->has_lease || runner->lease.path != NULL ||
        now_ns - runner->renewed_ns < LIMIT_JOB_LEASE_MS / 3 * NS_PER_MS)
        return;
    pthread_mutex_lock(&runner->duty.lock);
    bool sends = !runner->is_renewing;
    runner->is_renewing = true;
    pthread_mutex_unlock(&runner->duty.lock);
    runner->renewed_ns = now_ns;
    if (!sends || desk_send(runner->options.desk, &runner->renewal))
        return;
    pthread_mutex_lock(&runner->duty.lock);
    runner->is_renewing = false;
    pthread_mutex_unlock(&runner->duty.lock);
}

// Does what has its time; returns when there is more of that.
static uint64_t turn_to_time(struct runner *runner)
{
    uint64_t now_ns = clock_monotonic_ns();
    renew_in_time(runner, now_ns);
    uint64_t next_ns = waits_expire(runner->options.waits, now_ns);
    uint64_t soon_ns = now_ns + LIMIT_JOB_LOOK_MS * NS_PER_MS;
    return next_ns < soon_ns ? next_ns : soon_ns;
}

// A piece of work that is away, at the desk or the writer.
struct errand {
    struct runner *runner;
    bool is_done; // under the runner's lock
};

static void errand_end(struct errand *errand)
{
    struct runner *runner = errand->runner;
    pthread_mutex_lock(&runner->duty.lock);
    errand->is_done = true;
    pthread_cond_broadcast(&runner->duty.change);
    pthread_mutex_unlock(&runner->duty.lock);
}

static void errand_wait(struct errand *errand)
{
    struct runner *runner = errand->runner;
    for (bool is_done = false; !is_done;) {
        uint64_t until_ns = turn_to_time(runner);
        pthread_mutex_lock(&runner->duty.lock);
        if (!errand->is_done)
            (void)cond_wait_until(&runner->duty.change, &runner->duty.lock, until_ns);
        is_done = errand->is_done;
        pthread_mutex_unlock(&runner->duty.lock);
    }
}

// --- the desk

struct change {
    struct desk_change change;
    struct errand errand;
};

static void on_changed(struct desk_change *desk_change)
{
    struct change *change = CONTAINER_OF(desk_change, struct change, change);
    errand_end(&change->errand);
}

// Has the desk do it, and waits for that.
static enum err_code ask_desk(struct runner *runner,
    enum err_code (*make)(void *ctx, struct own_statements *own, struct err *err), void *ctx, struct err *err)
{
    struct change change = {
        .change = {.make = make, .ctx = ctx, .on_done = on_changed}, .errand = {.runner = runner}};
    if (!desk_change_send(runner->options.desk, &change.change))
        return err_set(err, ERR_BUSY, "too many batches are waiting");
    errand_wait(&change.errand);
    if (change.change.err.code != ERR_NONE)
        *err = change.change.err;
    return change.change.err.code;
}

// --- the lease

static struct job_lease_work work_of(struct runner *runner)
{
    pthread_mutex_lock(&runner->duty.lock);
    struct job_lease_work work = {.job = runner->stats.number, .rows = (int64_t)runner->stats.rows};
    pthread_mutex_unlock(&runner->duty.lock);
    return work;
}

static enum err_code hold(void *ctx, struct own_statements *own, struct err *err)
{
    struct runner *runner = ctx;
    struct job_lease_work work = work_of(runner);
    int64_t now_ms;
    bool ignored;
    enum err_code code = job_store_now(own, &now_ms, err);
    return code == ERR_NONE ? job_lease_hold(&runner->lease, own, now_ms, &work, &ignored, err) : code;
}

// Of one that is lost meanwhile the next take hears.
static void renew(struct desk_task *task, struct own_statements *own, const struct err *why)
{
    struct runner *runner = CONTAINER_OF(task, struct runner, renewal);
    struct err ignored = {0};
    (void)why;
    if (own != NULL)
        (void)!desk_transact(own, hold, runner, &ignored);
    pthread_mutex_lock(&runner->duty.lock);
    runner->is_renewing = false;
    pthread_cond_broadcast(&runner->duty.change);
    pthread_mutex_unlock(&runner->duty.lock);
}

static void wait_for_renewal(struct runner *runner)
{
    pthread_mutex_lock(&runner->duty.lock);
    while (runner->is_renewing)
        pthread_cond_wait(&runner->duty.change, &runner->duty.lock);
    pthread_mutex_unlock(&runner->duty.lock);
}

static enum err_code let_go_row(void *ctx, struct own_statements *own, struct err *err)
{
    struct runner *runner = ctx;
    return job_lease_let_go(&runner->lease, own, err);
}

static void let_go(struct runner *runner)
{
    struct err ignored = {0}; // then the lease has its end
    if (!runner->has_lease)
        return;
    runner->has_lease = false;
    wait_for_renewal(runner);
    if (runner->lease.path != NULL)
        (void)!job_lease_let_go(&runner->lease, NULL, &ignored);
    else
        (void)!ask_desk(runner, let_go_row, runner, &ignored);
}

// --- looking

static enum err_code connect(struct runner *runner, struct err *err)
{
    return runner->own.conn != NULL
               ? ERR_NONE
               : store_connect(runner->options.store, STORE_READ, &runner->own.conn, err);
}

// What is to be done.
struct view {
    bool has_job;     // some job waits or runs
    bool is_due;      // and may be tried now
    int64_t until_ms; // else: for so long it is not
    struct job_queue queue;
    int64_t now_ms;
};

// How long it is not to be tried yet; 0: it may be. A moment that is further off than any pause was written
// by another clock, as in a store that was restored elsewhere, and holds nothing up.
static int64_t until_due_ms(const struct job *job, int64_t now_ms)
{
    int64_t until_ms = job->next_ms - now_ms;
    return until_ms > 0 && until_ms <= LIMIT_JOB_PAUSE_MAX_MS ? until_ms : 0;
}

// Counts what waits, once in a while: of a long queue that takes longer than a small job.
static enum err_code count_jobs(struct runner *runner, struct view *view, struct err *err)
{
    uint64_t now_ns = clock_monotonic_ns();
    if (!view->has_job) {
        runner->counted_ns = 0;
        return ERR_NONE;
    }
    if (runner->counted_ns != 0 && now_ns - runner->counted_ns < LIMIT_JOB_LOOK_MS * NS_PER_MS) {
        view->queue = runner_stats(runner).queue;
        return ERR_NONE;
    }
    runner->counted_ns = now_ns;
    return job_store_queue(&runner->own, &view->queue, err);
}

static enum err_code look_at_jobs(struct runner *runner, struct view *ret_view, struct err *err)
{
    AUTO(arena_fini) struct arena arena;
    struct job job;
    arena_init(&arena, JOB_BYTES);
    store_deadline(runner->own.conn, clock_monotonic_ns() + LIMIT_DESK_MS * NS_PER_MS);
    enum err_code code = job_store_first(&runner->own, &arena, &job, &ret_view->has_job, err);
    if (code == ERR_NONE)
        code = job_store_now(&runner->own, &ret_view->now_ms, err);
    if (code == ERR_NONE)
        code = count_jobs(runner, ret_view, err);
    store_deadline(runner->own.conn, 0);
    if (code != ERR_NONE) {
        own_statements_fini(&runner->own);
        return code;
    }
    ret_view->until_ms = ret_view->has_job ? until_due_ms(&job, ret_view->now_ms) : 0;
    ret_view->is_due = ret_view->has_job && ret_view->until_ms == 0;
    return ERR_NONE;
}

static void tell_failure(struct runner *runner, const struct err *err)
{
    if (!runner->has_failed && !duty_ends(&runner->duty))
        teller_say(&runner->options.log, "jobs wait, as the store cannot be asked for them: %s", err->text);
    runner->has_failed = true;
}

// False when the store does not tell. Where it has no tables of jobs, there are none.
static bool look(struct runner *runner, struct view *ret_view)
{
    struct err err = {0};
    *ret_view = (struct view){0};
    enum err_code code = connect(runner, &err);
    if (code == ERR_NONE)
        code = look_at_jobs(runner, ret_view, &err);
    if (code == ERR_CONFIG || code == ERR_STALE) {
        *ret_view = (struct view){0};
        code = ERR_NONE;
    }
    if (code != ERR_NONE) {
        tell_failure(runner, &err);
        return false;
    }
    runner->has_failed = false;
    pthread_mutex_lock(&runner->duty.lock);
    runner->stats.queue = ret_view->queue;
    runner->stats.now_ms = ret_view->now_ms;
    pthread_mutex_unlock(&runner->duty.lock);
    return true;
}

// Jobs that other nodes run and somebody here waits for.
static void look_for_waits(struct runner *runner)
{
    char ids[WAITED][JOB_ID_CHARS + 1];
    size_t count = waits_ids(runner->options.waits, ids, WAITED);
    for (size_t i = 0; i < count; i++) {
        AUTO(arena_fini) struct arena arena;
        struct job job;
        int64_t ahead;
        bool is_found = false;
        struct err ignored = {0};
        arena_init(&arena, JOB_BYTES);
        if (job_store_find(&runner->own, span_of(ids[i]), &arena, &job, &ahead, &is_found, &ignored) ==
                ERR_NONE &&
            is_found && job_state_is_over(job.state))
            waits_tell(runner->options.waits, ids[i]);
    }
}

// --- taking

struct taking {
    struct runner *runner;
    struct arena *arena;
    struct job *job; // out
    bool is_taken;   // out
    bool is_ours;    // out: the lease
    bool is_spent;   // out: the job has failed for good, as it was tried too often
};

// Of a job that was tried for the last time by somebody who has not come back.
static enum err_code end_spent(
    struct taking *taking, struct own_statements *own, int64_t now_ms, struct err *err)
{
    const struct runner_options *options = &taking->runner->options;
    const struct job *job = taking->job;
    struct err why = {0};
    AUTO(buf_fini) struct buf text;
    buf_init(&text, LIMIT_JOB_RESULT_BYTES);
    (void)err_set(&why, ERR_STORE, "the server ended while it ran, %d times", LIMIT_JOB_TRIES);
    struct job_end end = {.state = JOB_FAILED};
    end.status = options->problem(options->ctx, &why, &(struct report){0}, &text);
    end.result = buf_span(&text);
    return job_store_end(own, job, &end, now_ms, &taking->is_spent, err);
}

static enum err_code take(void *ctx, struct own_statements *own, struct err *err)
{
    struct taking *taking = ctx;
    struct runner *runner = taking->runner;
    struct job *job = taking->job;
    struct job_lease_work none = {0};
    int64_t now_ms;
    bool is_found = false;
    taking->is_taken = taking->is_ours = taking->is_spent = false;
    enum err_code code = job_store_now(own, &now_ms, err);
    if (code == ERR_NONE)
        code = job_lease_hold(&runner->lease, own, now_ms, &none, &taking->is_ours, err);
    if (code != ERR_NONE || !taking->is_ours)
        return code;
    code = job_store_first(own, taking->arena, job, &is_found, err);
    if (code != ERR_NONE || !is_found || until_due_ms(job, now_ms) > 0)
        return code;
    if (job->state == JOB_RUNNING && job->attempts >= LIMIT_JOB_TRIES)
        return end_spent(taking, own, now_ms, err);
    return job_store_take(own, job, now_ms, &taking->is_taken, err);
}

// --- what became of a try

static uint64_t pause_ms(unsigned failures)
{
    return backoff_ms(failures, LIMIT_JOB_PAUSE_MS, LIMIT_JOB_PAUSE_MAX_MS);
}

struct ending {
    const struct job *job;
    struct job_end end;
    uint64_t pause_ms;
    bool is_moved;
};

static enum err_code end_try(void *ctx, struct own_statements *own, struct err *err)
{
    struct ending *ending = ctx;
    int64_t now_ms;
    enum err_code code = job_store_now(own, &now_ms, err);
    if (code != ERR_NONE)
        return code;
    ending->end.next_ms = now_ms + (int64_t)ending->pause_ms;
    return job_store_end(own, ending->job, &ending->end, now_ms, &ending->is_moved, err);
}

static void count(struct runner *runner, enum job_state state)
{
    pthread_mutex_lock(&runner->duty.lock);
    runner->stats.outcomes[state]++;
    pthread_mutex_unlock(&runner->duty.lock);
}

// Notes what a try came to, once the writer or the intake has said so. What cannot be noted stays RUNNING,
// and is found so at the next look.
static void settle(struct runner *runner, const struct job *job, enum verdict verdict, const struct err *why)
{
    const struct runner_options *options = &runner->options;
    AUTO(buf_fini) struct buf text;
    struct err err = {0};
    struct ending ending = {.job = job, .end = {.state = JOB_QUEUED}};
    bool is_last = job->attempts >= LIMIT_JOB_TRIES;
    buf_init(&text, LIMIT_JOB_RESULT_BYTES);
    if (verdict == VERDICT_BAD)
        ending.end.state = JOB_REFUSED;
    else if (verdict == VERDICT_FAILED && is_last)
        ending.end.state = JOB_FAILED;
    ending.end.gives_back = verdict == VERDICT_PASSES;
    ending.end.rows = (int64_t)job_try_rows(&runner->try);
    runner->failures = verdict == VERDICT_PASSES ? runner->failures + 1 : 0;
    ending.pause_ms = pause_ms(verdict == VERDICT_PASSES ? runner->failures : (unsigned)job->attempts);
    report_finish(&runner->try.batch.report);
    ending.end.status = options->problem(options->ctx, why, &runner->try.batch.report, &text);
    if (buf_status(&text) == ERR_NONE)
        ending.end.result = buf_span(&text);
    CRASH_POINT("job-settling");
    enum err_code code = ask_desk(runner, end_try, &ending, &err);
    if (code != ERR_NONE) {
        runner->not_before_ns = clock_monotonic_ns() + pause_ms(++runner->failures) * NS_PER_MS;
        if (!duty_ends(&runner->duty))
            tell_failure(runner, &err);
    } else if (ending.is_moved) {
        count(runner, ending.end.state);
    }
}

// --- a try

// Its batch finds it here, as the runner has one at a time.
static void on_written(struct batch *batch)
{
    struct job_try *try = CONTAINER_OF(batch, struct job_try, batch);
    errand_end(try->ctx);
}

static void on_piece(void *ctx)
{
    const struct errand *errand = ctx;
    struct runner *runner = errand->runner;
    pthread_mutex_lock(&runner->duty.lock);
    runner->stats.rows = job_try_rows(&runner->try);
    pthread_mutex_unlock(&runner->duty.lock);
    (void)turn_to_time(runner);
}

static enum verdict try_job(struct runner *runner, const struct job *job, struct err *err)
{
    const struct runner_options *options = &runner->options;
    struct job_try *try = &runner->try;
    struct errand errand = {.runner = runner};
    struct app *app = options->app(options->ctx);
    enum err_code code =
        app != NULL ? job_try_read(try, job, app, &options->trying, &runner->own, on_piece, &errand, err)
                    : err_set(err, ERR_BUSY, "the app is not served");
    if (code != ERR_NONE)
        return verdict_of(code);
    pthread_mutex_lock(&runner->duty.lock);
    runner->stats.rows = try->batch.rows.count;
    pthread_mutex_unlock(&runner->duty.lock);
    try->batch.on_done = on_written;
    if (!writer_submit(desk_writer(options->desk), &try->batch))
        return verdict_of(err_set(err, ERR_BUSY, "too many batches are waiting"));
    errand_wait(&errand);
    *err = try->batch.err;
    return try->is_lost ? VERDICT_LOST : verdict_of(err->code);
}

static void note_time(struct runner *runner, uint64_t took_ms)
{
    pthread_mutex_lock(&runner->duty.lock);
    uint64_t mean_ms = runner->stats.job_ms;
    runner->stats.job_ms = mean_ms == 0 ? took_ms + 1 : (mean_ms * 7 + took_ms) / 8 + 1;
    pthread_mutex_unlock(&runner->duty.lock);
}

static void run_job(struct runner *runner, const struct job *job)
{
    struct err err = {0};
    char id[JOB_ID_CHARS + 1];
    uint64_t start_ns = clock_monotonic_ns();
    snprintf(id, sizeof(id), "%.*s", (int)job->id.len, job->id.at);
    pthread_mutex_lock(&runner->duty.lock);
    runner->stats.number = job->number;
    runner->stats.rows = 0;
    pthread_mutex_unlock(&runner->duty.lock);
    CRASH_POINT("job-taken");
    enum verdict verdict = try_job(runner, job, &err);
    CRASH_POINT("job-tried");
    if (verdict == VERDICT_DONE) {
        runner->failures = 0;
        count(runner, JOB_DONE);
        runner->options.done(runner->options.ctx, job, &runner->try.batch);
        note_time(runner, (clock_monotonic_ns() - start_ns) / NS_PER_MS);
    } else if (verdict != VERDICT_LOST) {
        settle(runner, job, verdict, &err);
    }
    job_try_fini(&runner->try);
    pthread_mutex_lock(&runner->duty.lock);
    runner->stats.number = 0;
    runner->stats.rows = 0;
    pthread_mutex_unlock(&runner->duty.lock);
    if (verdict == VERDICT_DONE || verdict == VERDICT_BAD)
        waits_tell(runner->options.waits, id);
}

// Takes the first job and tries it. False when that was nothing.
static bool work(struct runner *runner)
{
    AUTO(arena_fini) struct arena arena;
    struct job job = {0};
    struct err err = {0};
    struct taking taking = {.runner = runner, .arena = &arena, .job = &job};
    arena_init(&arena, JOB_BYTES);
    if (ask_desk(runner, take, &taking, &err) != ERR_NONE) {
        runner->has_lease = runner->has_lease && runner->lease.path != NULL; // who knows
        runner->not_before_ns = clock_monotonic_ns() + pause_ms(++runner->failures) * NS_PER_MS;
        tell_failure(runner, &err);
        return false;
    }
    runner->has_lease = taking.is_ours;
    runner->renewed_ns = clock_monotonic_ns();
    if (taking.is_spent)
        count(runner, JOB_FAILED);
    if (taking.is_taken)
        run_job(runner, &job);
    return taking.is_taken || taking.is_spent;
}

// --- clearing up

struct sweep {
    int64_t now_ms;
    bool is_full; // also what is old
    bool more;    // out: there may be more to do
};

static enum err_code drop_body(
    struct own_statements *own, const char *id, struct sweep *sweep, struct err *err)
{
    bool more = false;
    enum err_code code = job_body_drop(own, span_of(id), &more, err);
    if (code == ERR_NONE && !more)
        code = job_store_note_gone(own, id, err);
    sweep->more = true;
    return code;
}

static enum err_code sweep_some(void *ctx, struct own_statements *own, struct err *err)
{
    struct sweep *sweep = ctx;
    char id[JOB_ID_CHARS + 1];
    const int64_t day_ms = INT64_C(86400000);
    int64_t before_ms = sweep->is_full ? sweep->now_ms - LIMIT_JOB_KEPT_DAYS * day_ms : 0;
    sweep->more = false;
    enum err_code code = job_store_spent(own, before_ms, id, err);
    if (code != ERR_NONE || id[0] != '\0')
        return code == ERR_NONE ? drop_body(own, id, sweep, err) : code;
    if (!sweep->is_full)
        return ERR_NONE;
    code = job_store_prune(own, before_ms, &sweep->more, err);
    if (code != ERR_NONE || sweep->more)
        return code;
    code = job_body_stray(own, sweep->now_ms - LIMIT_JOB_STRAY_MS, id, err);
    return code == ERR_NONE && id[0] != '\0' ? drop_body(own, id, sweep, err) : code;
}

// Whether there is a body that is of no use any more. By reading alone.
static bool has_spent(struct runner *runner)
{
    char id[JOB_ID_CHARS + 1];
    struct err ignored = {0};
    return job_store_spent(&runner->own, 0, id, &ignored) == ERR_NONE && id[0] != '\0';
}

// One step of clearing up, if there is anything; true when there may be more.
static bool clear_up(struct runner *runner, int64_t now_ms)
{
    uint64_t now_ns = clock_monotonic_ns();
    struct err ignored = {0}; // it is done later
    struct sweep sweep = {.now_ms = now_ms, .is_full = now_ns >= runner->sweep_ns};
    if (now_ms == 0 || (!sweep.is_full && !has_spent(runner)))
        return false;
    if (ask_desk(runner, sweep_some, &sweep, &ignored) != ERR_NONE)
        return false;
    if (sweep.is_full && !sweep.more)
        runner->sweep_ns = now_ns + LIMIT_JOB_SWEEP_MS * NS_PER_MS;
    return sweep.more;
}

// --- the thread

static void sleep_until(struct runner *runner, uint64_t until_ns)
{
    uint64_t time_ns = turn_to_time(runner);
    until_ns = time_ns < until_ns ? time_ns : until_ns;
    pthread_mutex_lock(&runner->duty.lock);
    if (!runner->is_called && runner->duty.state < DUTY_ENDS)
        (void)cond_wait_until(&runner->duty.change, &runner->duty.lock, until_ns);
    runner->is_called = false;
    pthread_mutex_unlock(&runner->duty.lock);
}

// One round; returns until when there is nothing to do.
static uint64_t go_round(struct runner *runner)
{
    struct view view;
    uint64_t now_ns = clock_monotonic_ns(), later_ns = now_ns + LIMIT_JOB_LOOK_MS * NS_PER_MS;
    if (!duty_takes(&runner->duty)) {
        let_go(runner);
        return later_ns;
    }
    if (!look(runner, &view))
        return later_ns;
    look_for_waits(runner);
    if (view.is_due && now_ns >= runner->not_before_ns && work(runner))
        return now_ns;
    if (clear_up(runner, view.now_ms))
        return now_ns;
    uint64_t until_ns = now_ns + (view.until_ms > 0 ? (uint64_t)view.until_ms * NS_PER_MS : 0);
    return view.until_ms > 0 && until_ns < later_ns ? until_ns : later_ns;
}

static void *run(void *arg)
{
    struct runner *runner = arg;
    while (!duty_ends(&runner->duty))
        sleep_until(runner, go_round(runner));
    let_go(runner);
    wait_for_renewal(runner);
    own_statements_fini(&runner->own);
    store_disconnect(runner->own.conn);
    runner->own.conn = NULL;
    waits_end(runner->options.waits);
    return duty_leave(&runner->duty);
}

// --- life

enum err_code runner_new(const struct runner_options *options, struct runner **ret_runner, struct err *err)
{
    struct runner *runner = mem_zalloc(1, sizeof(*runner));
    if (runner == NULL)
        return err_no_memory(err);
    runner->options = *options;
    runner->renewal.run = renew;
    duty_init(&runner->duty);
    enum err_code code = job_lease_init(&runner->lease, options->store, err);
    if (code != ERR_NONE) {
        runner_free(runner);
        return code;
    }
    *ret_runner = runner;
    return ERR_NONE;
}

enum err_code runner_start(struct runner *runner, struct err *err)
{
    runner->sweep_ns = clock_monotonic_ns() + FIRST_SWEEP_MS * NS_PER_MS;
    return duty_start(&runner->duty, run, runner, err);
}

void runner_wake(struct runner *runner)
{
    pthread_mutex_lock(&runner->duty.lock);
    runner->is_called = true;
    pthread_cond_broadcast(&runner->duty.change);
    pthread_mutex_unlock(&runner->duty.lock);
}

void runner_rest(struct runner *runner, bool rests)
{
    duty_rest(&runner->duty, rests);
    runner_wake(runner);
}

struct runner_stats runner_stats(struct runner *runner)
{
    pthread_mutex_lock(&runner->duty.lock);
    struct runner_stats stats = runner->stats;
    pthread_mutex_unlock(&runner->duty.lock);
    return stats;
}

void runner_end(struct runner *runner, uint64_t until_ns)
{
    duty_end(&runner->duty);
    duty_wait(&runner->duty, until_ns);
}

void runner_free(struct runner *runner)
{
    if (runner == NULL)
        return;
    duty_fini(&runner->duty);
    job_lease_fini(&runner->lease);
    mem_free(runner);
}
