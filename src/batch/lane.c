// SPDX-License-Identifier: Apache-2.0
// The rounds of a lane, on its thread: what it writes together is group.c's, what happens to one batch
// attempt.c's.
//
// The batches of a group are of one app. One of another app (a new edition of the same files) stays in the
// queue, and all is prepared anew for it.
//
// No batch is told its outcome before the commit has returned. When the transaction as a whole is lost:
//
//  - through one of its batches (a constraint that only COMMIT looks at, a trigger that rolls back), all
//    begin anew, each in a transaction of its own, so that each fails for itself. Which row COMMIT stumbled
//    over is looked for in one more, which is rolled back. On SQLite each batch is asked for what it leaves
//    open before its savepoint ends;
//  - as the database took it back for the sake of another one (a deadlock, a serialization failure), all
//    begin anew likewise, each up to LIMIT_WRITE_TRIES times;
//  - as another connection has changed the tables under a statement, likewise, and what is stale is prepared
//    anew;
//  - for another reason (a full disk), every batch that had no fault of its own is told that error;
//  - as the server ends (writer_end), all are told so, and nothing begins any more;
//  - as it could not even begin, because another process holds the lock, so is all that is in the
//    queue: it would wait for the same lock as long, one after another.
#include "batch/lane.h"

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/limits.h"
#include "base/thread.h"
#include "batch/attempt.h"
#include "batch/group.h"
#include "batch/lane_plans.h"
#include "batch/repeat.h"
#include "batch/slowest.h"

// --- what is under way

void lane_common_remove(struct lane_common *common)
{
    pthread_mutex_lock(&common->lock);
    if (--common->untold == 0)
        pthread_cond_broadcast(&common->all_told);
    pthread_mutex_unlock(&common->lock);
}

// --- telling

// Tells a batch how it ended: as `err` says, unless it has an error of its own. It is its sender's then.
static void tell(struct lane *lane, struct batch *batch, const struct err *err)
{
    if (batch->err.code == ERR_NONE)
        batch->err = *err;
    if (batch->found.total > 0) {
        struct report given = batch->report;
        batch->report = batch->found;
        batch->found = given;
    }
    report_fini(&batch->found);
    unsigned outcome = batch->err.code;
    if (outcome == ERR_NONE && batch->is_known)
        outcome = BATCH_REPEATED;
    else if (outcome == ERR_NONE && batch->is_dry_run)
        outcome = BATCH_ROLLED_BACK;
    batch_tally_count(
        &lane->common->tally, outcome, batch->rows.count, clock_monotonic_ns() - batch->task.came_ns);
    batch->on_done(batch);
    CRASH_POINT("batch-told");
    lane_common_remove(lane->common);
}

// Whether the batch had nothing to bring to the disk: it is told its outcome, also where COMMIT has failed.
static bool is_told_anyway(const struct batch *batch)
{
    return batch->ran_ns != 0 && batch->err.code == ERR_NONE && (batch->is_known || batch->is_dry_run);
}

static void tell_all(struct group *group)
{
    static const struct err none = {0};
    for (struct batch *batch = group->first, *next; batch != NULL; batch = next) {
        next = batch->next;
        tell(group->lane, batch,
            group->state == GROUP_LOST_AT_COMMIT && is_told_anyway(batch) ? &none : &group->err);
    }
}

// Whether the batches of a lost group have another chance, each alone: when one batch is to blame, of which
// nobody knows which it is if COMMIT fails, or none at all.
static bool may_go_on_alone(const struct group *group)
{
    enum err_code code = group->err.code;
    if (code == ERR_ABORTED || code == ERR_STALE)
        return true;
    return group->count > 1 && (code == ERR_CONFLICT || code == ERR_CONSTRAINT || group->culprit != NULL);
}

// Lets those go ahead that were in the way: 10 ms after the first try, 80 ms before the last one, and half
// of that for some, so that two that met do not meet again.
static void pause_before(unsigned attempt)
{
    uint64_t ms = UINT64_C(10) << (attempt - 1);
    ms -= (clock_monotonic_ns() % 2) * (ms / 2);
    clock_pause(ms * NS_PER_MS);
}

// Writes a batch in a transaction of its own.
static void write_alone(struct lane *lane, struct batch *batch, struct group *ret_group)
{
    for (unsigned attempt = 0; attempt < LIMIT_WRITE_TRIES; attempt++) {
        struct group alone = {.lane = lane};
        if (attempt > 0)
            pause_before(attempt);
        attempt_forget(batch);
        group_add(&alone, batch);
        group_write(&alone, false);
        *ret_group = alone;
        if (alone.err.code != ERR_ABORTED && alone.err.code != ERR_STALE)
            return;
    }
}

// Writes each batch of a group that was lost in a transaction of its own, and tells it; the culprit has had
// its turn. *ret_locked is filled when the store is locked.
static void write_one_by_one(struct lane *lane, const struct group *lost, struct err *ret_locked)
{
    for (struct batch *batch = lost->first, *next; batch != NULL; batch = next) {
        next = batch->next;
        struct group alone = {.lane = lane};
        if (batch == lost->culprit) {
            tell(lane, batch, &lost->err);
            continue;
        }
        if (ret_locked->code == ERR_NONE && !lane_is_ended(lane, ret_locked)) {
            write_alone(lane, batch, &alone);
        } else {
            attempt_forget(batch);
            group_add(&alone, batch);
            alone.err = *ret_locked;
        }
        if (alone.state == GROUP_LOCKED)
            *ret_locked = alone.err;
        tell_all(&alone);
    }
}

// Whether the batches that wait may share the transaction of a first one. Parallel ones share locks on rows
// with it, too, which several together take in no order at all: so not for a while after that went wrong.
static bool may_share(const struct lane *lane)
{
    return !lane->is_parallel || clock_monotonic_ns() >= atomic_load(&lane->common->apart_ns);
}

static void learn(const struct group *group)
{
    if (group->entry == ENTRY_PARALLEL && group->count > 1 && group->err.code == ERR_ABORTED)
        atomic_store(&group->lane->common->apart_ns, clock_monotonic_ns() + LIMIT_APART_MS * NS_PER_MS);
}

// --- what waits while the store is locked

static void run_errand(
    struct lane *lane, struct task *task, struct own_statements *own, const struct err *why)
{
    struct lane_common *common = lane->common;
    struct writer_errand *errand = CONTAINER_OF(task, struct writer_errand, task);
    errand->run(errand, own, why); // it may be gone then
    lane_common_remove(common);
}

// Whether somebody waits for what becomes of a task; for pool_take.
static bool is_waited_for(void *ctx, struct task *next)
{
    (void)ctx;
    return next->run == lane_write || next->run == lane_run;
}

// Tells what waits now, and not what comes meanwhile, that the store is locked.
static void tell_queue(struct lane *lane, const struct err *err)
{
    for (size_t left = pool_queued(lane->pool); left > 0; left--) {
        struct task *task = pool_take(lane->pool, is_waited_for, NULL);
        if (task == NULL)
            return;
        if (task->run == lane_write)
            tell(lane, CONTAINER_OF(task, struct batch, task), err);
        else
            run_errand(lane, task, NULL, err);
    }
}

// --- rounds

static void write_all(struct lane *lane, struct task *task)
{
    struct group group = {.lane = lane};
    struct err locked = {0};
    group_add(&group, CONTAINER_OF(task, struct batch, task));
    if (lane_is_ended(lane, &group.err)) {
        tell_all(&group);
        return;
    }
    group_write(&group, may_share(lane));
    learn(&group);
    if (group.state == GROUP_LOCKED)
        locked = group.err;
    if (may_go_on_alone(&group))
        write_one_by_one(lane, &group, &locked);
    else
        tell_all(&group);
    if (locked.code != ERR_NONE)
        tell_queue(lane, &locked);
}

// Removes what of Reckoner's own has become old, in a transaction that takes no turn. What fails is tried
// again when the next look is due.
static void prune(struct lane *lane)
{
    struct err ignored = {0};
    size_t records = 0, repeats = 0;
    uint64_t now_ns = clock_monotonic_ns();
    if (now_ns < lane->prune_ns || lane_is_ended(lane, &ignored) ||
        store_begin_early(lane->conn, &ignored) != ERR_NONE)
        return;
    store_deadline(lane->conn, now_ns + LIMIT_STATEMENT_MS * NS_PER_MS);
    enum err_code code = record_prune(&lane->own, &records, &ignored);
    if (code == ERR_NONE)
        code = repeat_prune(&lane->own, &repeats, &ignored);
    store_deadline(lane->conn, 0);
    if (code == ERR_NONE && records + repeats > 0)
        code = store_commit(lane->conn, &ignored);
    if (code != ERR_NONE || records + repeats == 0)
        store_rollback(lane->conn);
    if (code != ERR_NONE)
        own_statements_fini(&lane->own);
    if (code != ERR_NONE || (records < LIMIT_PRUNE_ROWS && repeats < LIMIT_PRUNE_ROWS))
        lane->prune_ns = now_ns + LIMIT_PRUNE_MS * NS_PER_MS;
}

void lane_write(struct task *task, void *worker)
{
    struct lane *lane = worker;
    atomic_store_explicit(&lane->since_ns, task->came_ns, memory_order_relaxed);
    write_all(lane, task);
    atomic_store_explicit(&lane->since_ns, 0, memory_order_relaxed);
    prune(lane);
}

void lane_run(struct task *task, void *worker)
{
    struct lane *lane = worker;
    struct err why = {0};
    run_errand(lane, task, lane_is_ended(lane, &why) ? NULL : &lane->own, &why);
}

void lane_look(struct lane *lane)
{
    struct err ignored = {0}; // who asks the store is told
    if (store_begin_early(lane->conn, &ignored) == ERR_NONE)
        store_rollback(lane->conn);
}

// --- life

void lane_common_init(struct lane_common *common)
{
    turn_init(&common->turn);
    atomic_init(&common->batch_ms, LIMIT_BATCH_MS);
    pthread_mutex_init(&common->lock, NULL);
    cond_init(&common->all_told);
}

void lane_common_fini(struct lane_common *common)
{
    pthread_cond_destroy(&common->all_told);
    pthread_mutex_destroy(&common->lock);
    turn_fini(&common->turn);
}

void lane_common_add(struct lane_common *common)
{
    pthread_mutex_lock(&common->lock);
    common->untold++;
    pthread_mutex_unlock(&common->lock);
}

void lane_init(struct lane *lane, struct lane_common *common, struct store_conn *conn, bool is_early)
{
    *lane = (struct lane){.common = common,
        .conn = conn,
        .write = lane_write,
        .plans = {.conn = conn, .is_early = is_early},
        .own = {.conn = conn},
        .prune_ns = clock_monotonic_ns() + LIMIT_PRUNE_MS * NS_PER_MS};
    store_interrupt_when(conn, &common->is_ended);
}

void lane_set_early(struct lane *lane, bool is_early)
{
    lane->plans.is_early = is_early;
}

void lane_fini(struct lane *lane)
{
    lane_plans_fini(&lane->plans);
    own_statements_fini(&lane->own);
    if (lane->conn != NULL)
        store_interrupt_when(lane->conn, NULL); // it may still take a scratch schema away
    store_disconnect(lane->conn);
}
