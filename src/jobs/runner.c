// SPDX-License-Identifier: Apache-2.0
// The thread goes round:
//
//     look (its own read connection) ─┬─ a job is due ─ job_run.c takes and tries it
//                                     └─ nothing is due ─ clears up a little ─ sleeps until woken, or a
//                                     second
//
// What it does while it waits is meantime.c's.
#include "jobs/runner.h"

#include "base/clock.h"
#include "base/duty.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "jobs/job_sweep.h"
#include "jobs/job_view.h"
#include "jobs/lease_keeper.h"
#include "jobs/meantime.h"

struct runner {
    struct runner_options options; // fixed
    struct meantime meantime;      // fixed
    struct runner_tally tally;     // any thread

    // The thread's own.
    struct own_statements own;  // of an owned connection for reading; without one: not connected
    struct lease_keeper keeper; //
    struct job_view view;       // as it was at the last look
    struct job_run run;         //
    struct job_sweep sweep;     //
    bool has_failed;            // the store, when it was looked at last

    struct duty duty; // its lock guards what follows; signalled when the thread has something to look at, too
    bool is_called;   // by runner_wake
};

// --- a round

static void let_go(struct runner *runner)
{
    struct err ignored = {0}; // then the lease has its end
    if (lease_keeper_drop(&runner->keeper))
        (void)!meantime_ask_desk(&runner->meantime, lease_keeper_drop_row, &runner->keeper, &ignored);
}

static void tell_failure(struct runner *runner, const struct err *err)
{
    if (!runner->has_failed && !duty_ends(&runner->duty))
        teller_say(&runner->options.log, "jobs wait, as the store cannot be asked for them: %s", err->text);
    runner->has_failed = true;
}

// False when the store does not tell.
static bool look(struct runner *runner)
{
    struct err err = {0};
    enum err_code code = ERR_NONE;
    if (runner->own.conn == NULL)
        code = store_connect(runner->options.store, STORE_READ, &runner->own.conn, &err);
    if (code == ERR_NONE)
        code = job_view_look(&runner->view, &runner->own, &err);
    if (code != ERR_NONE) {
        tell_failure(runner, &err);
        return false;
    }
    runner->has_failed = false;
    runner_tally_look(&runner->tally, &runner->view.queue, runner->view.now_ms);
    return true;
}

// Takes the first job and tries it. False when that was nothing.
static bool work(struct runner *runner)
{
    struct err err = {0};
    bool is_moved;
    if (job_run_next(&runner->run, &is_moved, &err) != ERR_NONE)
        tell_failure(runner, &err);
    return is_moved;
}

// Returns until when there is nothing to do.
static uint64_t go_round(struct runner *runner)
{
    const struct job_view *view = &runner->view;
    uint64_t now_ns = clock_monotonic_ns(), later_ns = now_ns + LIMIT_JOB_LOOK_MS * NS_PER_MS;
    if (!duty_takes(&runner->duty)) {
        let_go(runner);
        return later_ns;
    }
    if (!look(runner))
        return later_ns;
    job_view_tell_waits(&runner->own, runner->options.waits);
    if (view->is_due && now_ns >= runner->run.not_before_ns && work(runner))
        return now_ns;
    if (job_sweep_step(&runner->sweep, view->now_ms, &runner->own, &runner->meantime))
        return now_ns;
    uint64_t until_ns = now_ns + (view->until_ms > 0 ? (uint64_t)view->until_ms * NS_PER_MS : 0);
    return view->until_ms > 0 && until_ns < later_ns ? until_ns : later_ns;
}

// --- the thread

static void sleep_until(struct runner *runner, uint64_t until_ns)
{
    struct duty *duty = &runner->duty;
    uint64_t time_ns = meantime_use(&runner->meantime);
    until_ns = time_ns < until_ns ? time_ns : until_ns;
    pthread_mutex_lock(&duty->lock);
    if (!runner->is_called && duty->state < DUTY_ENDS)
        (void)cond_wait_until(&duty->change, &duty->lock, until_ns);
    runner->is_called = false;
    pthread_mutex_unlock(&duty->lock);
}

static void *run(void *arg)
{
    struct runner *runner = arg;
    while (!duty_ends(&runner->duty))
        sleep_until(runner, go_round(runner));
    let_go(runner);
    lease_keeper_settle(&runner->keeper);
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
    duty_init(&runner->duty);
    runner_tally_init(&runner->tally);
    runner->meantime = (struct meantime){
        .duty = &runner->duty, .desk = options->desk, .waits = options->waits, .keeper = &runner->keeper};
    runner->run = (struct job_run){.options = options->running,
        .meantime = &runner->meantime,
        .keeper = &runner->keeper,
        .tally = &runner->tally,
        .own = &runner->own};
    enum err_code code =
        lease_keeper_init(&runner->keeper, options->store, options->desk, &runner->tally, err);
    if (code != ERR_NONE) {
        runner_free(runner);
        return code;
    }
    *ret_runner = runner;
    return ERR_NONE;
}

enum err_code runner_start(struct runner *runner, struct err *err)
{
    job_sweep_init(&runner->sweep);
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
    return runner_tally_read(&runner->tally);
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
    lease_keeper_fini(&runner->keeper);
    runner_tally_fini(&runner->tally);
    mem_free(runner);
}
