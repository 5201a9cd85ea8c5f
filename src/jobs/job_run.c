// SPDX-License-Identifier: Apache-2.0
// What is known of a job is what stood in the store when it was taken; every move names the token of that
// moment.
//
// A try that fails for a reason that is not the job's own (a store that is locked or full, the server's end)
// does not count, and is repeated without an end, as jobs behind it would fare no better. What may be the
// job's own (a time limit, a failure of the database) counts, and so does an end of the process in its
// middle.
#include "jobs/job_run.h"

#include <stdio.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/limits.h"
#include "batch/verdict.h"
#include "jobs/job_store.h"
#include "jobs/job_view.h"

// The store could not be asked.
static void put_off(struct job_run *run)
{
    uint64_t pause_ms = backoff_ms(++run->failures, LIMIT_JOB_PAUSE_MS, LIMIT_JOB_PAUSE_MAX_MS);
    run->not_before_ns = clock_monotonic_ns() + pause_ms * NS_PER_MS;
}

// --- taking

struct taking {
    struct job_run *run;
    struct arena *arena;
    struct job *job; // out
    bool is_taken;   // out
    bool is_ours;    // out: the lease
    bool is_spent;   // out: the job was tried for the last time, by somebody who has not come back
};

static enum err_code take(void *ctx, struct own_statements *own, struct err *err)
{
    struct taking *taking = ctx;
    struct job *job = taking->job;
    int64_t now_ms;
    bool is_found = false;
    taking->is_taken = taking->is_ours = taking->is_spent = false;
    enum err_code code = own_now_ms(own, &now_ms, err);
    if (code == ERR_NONE)
        code = lease_keeper_take(taking->run->keeper, own, now_ms, &taking->is_ours, err);
    if (code != ERR_NONE || !taking->is_ours)
        return code;
    code = job_store_first(own, taking->arena, job, &is_found, err);
    if (code != ERR_NONE || !is_found || job_view_until_due_ms(job, now_ms) > 0)
        return code;
    taking->is_spent = job->state == JOB_RUNNING && job->attempts >= LIMIT_JOB_TRIES;
    if (taking->is_spent)
        return ERR_NONE;
    return job_store_take(own, job, now_ms, &taking->is_taken, err);
}

// --- a try

// A try that is at the writer.
struct writing {
    struct job_run *run;
    struct absence absence;
};

// Its batch finds it here, as there is one at a time.
static void on_written(struct batch *batch)
{
    struct job_try *try = CONTAINER_OF(batch, struct job_try, batch);
    struct writing *writing = try->ctx;
    absence_end(&writing->absence);
}

static void on_piece(void *ctx)
{
    const struct writing *writing = ctx;
    struct job_run *run = writing->run;
    runner_tally_set_rows(run->tally, job_try_rows(&run->try));
    (void)meantime_use(run->meantime);
    desk_give_time(run->own->conn); // for the next piece
}

static enum err_code read_job(
    struct job_run *run, const struct job *job, struct writing *writing, struct err *err)
{
    const struct job_run_options *options = &run->options;
    struct app *app = options->app(options->ctx);
    if (app == NULL)
        return err_set(err, ERR_BUSY, "the app is not served");
    desk_give_time(run->own->conn);
    enum err_code code = job_try_read(&run->try, job, app, &options->means, run->own, on_piece, writing, err);
    store_deadline(run->own->conn, 0);
    return code;
}

static enum verdict try_job(struct job_run *run, const struct job *job, struct err *err)
{
    struct job_try *try = &run->try;
    struct writing writing = {.run = run, .absence = {.meantime = run->meantime}};
    enum err_code code = read_job(run, job, &writing, err);
    if (code == ERR_TIMEOUT)
        return VERDICT_PASSES; // its pieces could not be read, as somebody has locked them
    if (code != ERR_NONE)
        return verdict_of(code);
    runner_tally_set_rows(run->tally, try->batch.rows.count);
    try->batch.on_done = on_written;
    if (!writer_submit(desk_writer(run->meantime->desk), &try->batch))
        return verdict_of(err_set(err, ERR_BUSY, "too many batches are waiting"));
    absence_wait(&writing.absence);
    *err = try->batch.err;
    return try->seal.is_taken_away ? VERDICT_LOST : verdict_of(err->code);
}

// --- what became of it

struct ending {
    const struct job *job;
    struct job_end end;
    uint64_t pause_ms;
    bool is_moved; // out
};

static enum err_code end_try(void *ctx, struct own_statements *own, struct err *err)
{
    struct ending *ending = ctx;
    int64_t now_ms;
    enum err_code code = own_now_ms(own, &now_ms, err);
    if (code != ERR_NONE)
        return code;
    ending->end.next_ms = now_ms + (int64_t)ending->pause_ms;
    return job_store_end(own, ending->job, &ending->end, now_ms, &ending->is_moved, err);
}

// Notes in the store how a job has ended, with what its client is told of it.
static enum err_code end_job(struct job_run *run, struct ending *ending, const struct err *why,
    const struct report *report, struct err *err)
{
    const struct job_run_options *options = &run->options;
    AUTO(buf_fini) struct buf text;
    buf_init(&text, LIMIT_JOB_RESULT_BYTES);
    ending->end.status = options->problem(options->ctx, why, report, &text);
    if (buf_status(&text) == ERR_NONE)
        ending->end.result = buf_span(&text);
    enum err_code code = meantime_ask_desk(run->meantime, end_try, ending, err);
    if (code != ERR_NONE)
        put_off(run);
    else if (ending->is_moved)
        runner_tally_count(run->tally, ending->end.state);
    return code;
}

// The state that a verdict leaves the job in, of one that is neither done nor lost.
static enum job_state state_after(enum verdict verdict, const struct job *job)
{
    bool is_last = job->attempts >= LIMIT_JOB_TRIES;
    if (verdict == VERDICT_BAD)
        return JOB_REFUSED;
    return verdict == VERDICT_FAILED && is_last ? JOB_FAILED : JOB_QUEUED;
}

// Notes what a try came to, once the writer or the intake has said so. What cannot be noted stays RUNNING,
// and is found so at the next look.
static enum err_code settle(
    struct job_run *run, const struct job *job, enum verdict verdict, const struct err *why, struct err *err)
{
    struct report *report = &run->try.batch.report;
    bool passes = verdict == VERDICT_PASSES;
    struct ending ending = {.job = job,
        .end = {.state = state_after(verdict, job),
            .gives_back = passes,
            .rows = (int64_t)job_try_rows(&run->try)}};
    run->failures = passes ? run->failures + 1 : 0;
    ending.pause_ms = backoff_ms(
        passes ? run->failures : (unsigned)job->attempts, LIMIT_JOB_PAUSE_MS, LIMIT_JOB_PAUSE_MAX_MS);
    report_finish(report);
    CRASH_POINT("job-settling");
    return end_job(run, &ending, why, report, err);
}

// Of a job that was tried for the last time by somebody who has not come back.
static enum err_code end_spent(struct job_run *run, const struct job *job, struct err *err)
{
    static const struct report none = {0};
    struct ending ending = {.job = job, .end = {.state = JOB_FAILED}};
    struct err why = {0};
    (void)err_set(&why, ERR_STORE, "the server ended while it ran, %d times", LIMIT_JOB_TRIES);
    return end_job(run, &ending, &why, &none, err);
}

static void note_done(struct job_run *run, const struct job *job, uint64_t start_ns)
{
    run->failures = 0;
    runner_tally_count(run->tally, JOB_DONE);
    run->options.done(run->options.ctx, job, &run->try.batch);
    runner_tally_time(run->tally, (clock_monotonic_ns() - start_ns) / NS_PER_MS);
}

// --- all of it

static enum err_code run_job(struct job_run *run, const struct job *job, struct err *err)
{
    struct err why = {0};
    enum err_code code = ERR_NONE;
    char id[JOB_ID_CHARS + 1];
    uint64_t start_ns = clock_monotonic_ns();
    snprintf(id, sizeof(id), "%.*s", (int)job->id.len, job->id.at);
    runner_tally_set_job(run->tally, job->number);
    CRASH_POINT("job-taken");
    enum verdict verdict = try_job(run, job, &why);
    CRASH_POINT("job-tried");
    if (verdict == VERDICT_DONE)
        note_done(run, job, start_ns);
    else if (verdict != VERDICT_LOST)
        code = settle(run, job, verdict, &why, err);
    job_try_fini(&run->try);
    runner_tally_set_job(run->tally, 0);
    if (verdict == VERDICT_DONE || verdict == VERDICT_BAD)
        waits_tell(run->meantime->waits, id);
    return code;
}

enum err_code job_run_next(struct job_run *run, bool *ret_moved, struct err *err)
{
    AUTO(arena_fini) struct arena arena;
    struct job job = {0};
    struct taking taking = {.run = run, .arena = &arena, .job = &job};
    arena_init(&arena, JOB_VIEW_BYTES);
    *ret_moved = false;
    enum err_code code = meantime_ask_desk(run->meantime, take, &taking, err);
    if (code != ERR_NONE) {
        lease_keeper_note_failure(run->keeper);
        put_off(run);
        return code;
    }
    lease_keeper_note(run->keeper, taking.is_ours);
    *ret_moved = taking.is_taken || taking.is_spent;
    if (taking.is_spent)
        return end_spent(run, &job, err);
    return taking.is_taken ? run_job(run, &job, err) : ERR_NONE;
}
