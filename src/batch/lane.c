// SPDX-License-Identifier: Apache-2.0
// One round of a lane, on its thread; what happens to one batch is run.c's:
//
//     in turn     turn ─ BEGIN ─┐
//     staged      BEGIN ─ first batch ─ early checks ─ turn ─┤
//     parallel    BEGIN ─┤
//                        └─ { SAVEPOINT ─ run ─ RELEASE, or ROLLBACK TO when it fails } for each batch of
//                           the group ─ turn given ─ COMMIT ─ tell all
//
// Staged is what goes on while another lane, or another node, writes: a batch that its early checks refuse
// ends before it has had a turn. A parallel endpoint's batches have none at all. A store of one writer knows
// only groups that are in turn from their beginning. The lane's own turn is given back before COMMIT: the
// next lane then waits for the store's, which ends with the commit, in the database itself.
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
//  - as it could not even begin, because another process holds the lock, so is every batch in the queue: the
//    next ones would wait for the same lock as long, one after another.
#include "batch/lane.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "batch/culprit.h"
#include "batch/run.h"
#include "batch/violated.h"
#include "batch/writer.h"
#include "store/notes.h"

// --- what is under way

void lane_common_remove(struct lane_common *common)
{
    pthread_mutex_lock(&common->lock);
    if (--common->untold == 0)
        pthread_cond_broadcast(&common->all_told);
    pthread_mutex_unlock(&common->lock);
}

// --- plans

static void free_plans(struct plan **plans, size_t count)
{
    for (size_t i = 0; plans != NULL && i < count; i++)
        plan_free(plans[i]);
    mem_free(plans);
}

// An endpoint's plan, with its early checks where they may run early.
static enum err_code make_plan(struct lane *lane, const struct endpoint *endpoint, struct diags *diags,
    struct plan **ret_plan, struct err *err)
{
    struct plan *plan = NULL;
    enum err_code code = plan_new(endpoint, lane->conn, diags, &plan, err);
    if (code == ERR_NONE && lane->is_early)
        code = plan_find_early(plan, err);
    if (code != ERR_NONE) {
        plan_free(plan);
        return code;
    }
    *ret_plan = plan;
    return ERR_NONE;
}

static void take_plans(struct lane *lane, struct app *app, struct plan **plans)
{
    if (lane->app != NULL)
        free_plans(lane->plans, lane->app->endpoint_count);
    app_unref(lane->app);
    lane->app = app_ref(app);
    lane->plans = plans;
}

enum err_code lane_prepare(struct lane *lane, struct app *app, struct diags *diags, struct err *err)
{
    struct plan **plans = mem_zalloc(app->endpoint_count, sizeof(*plans));
    if (plans == NULL)
        return err_no_memory(err);
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < app->endpoint_count; i++) {
        if (!endpoint_is_read(&app->endpoints[i]))
            code = make_plan(lane, &app->endpoints[i], diags, &plans[i], err);
    }
    if (code != ERR_NONE) {
        free_plans(plans, app->endpoint_count);
        return code;
    }
    take_plans(lane, app, plans);
    return ERR_NONE;
}

enum err_code lane_prepare_later(struct lane *lane, struct app *app, struct err *err)
{
    struct plan **plans = mem_zalloc(app->endpoint_count, sizeof(*plans));
    if (plans == NULL)
        return err_no_memory(err);
    take_plans(lane, app, plans);
    return ERR_NONE;
}

static struct plan **plan_of(const struct lane *lane, const struct batch *batch)
{
    return &lane->plans[batch->endpoint - lane->app->endpoints];
}

static void drop_plan(struct plan **plan)
{
    plan_free(*plan);
    *plan = NULL;
}

// Makes the batch's app the one that is prepared, with its endpoint; outside of a transaction. It was checked
// before it was served: when that fails, the store has changed since.
static enum err_code prepare_for(struct lane *lane, const struct batch *batch, struct err *err)
{
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    enum err_code code = ERR_NONE;
    if (batch->app != lane->app)
        code = lane_prepare(lane, batch->app, &diags, err);
    else if (*plan_of(lane, batch) == NULL)
        code = make_plan(lane, batch->endpoint, &diags, plan_of(lane, batch), err);
    return code == ERR_NONE ? ERR_NONE : diags_explain(&diags, err);
}

// --- groups

// How a transaction gets to where batches write.
enum entry {
    ENTRY_IN_TURN,  // it has its turn from the beginning
    ENTRY_STAGED,   // its first batch is staged, then it takes its turn
    ENTRY_PARALLEL, // without a turn
};

// A transaction under way, and how it ended.
struct group {
    struct lane *lane;      // that writes it
    struct batch *first;    // its batches, in order
    struct batch *last;     // of them
    size_t count;           // of them
    size_t rows;            // of all of them
    enum entry entry;       //
    bool has_turn;          // the one of the lanes
    bool is_staged;         // the first one is in the table batch, and its early checks have passed
    bool is_over;           // the first one, the only one, has failed before it had its turn
    uint64_t staging_ns;    // what that took
    uint64_t took_ns;       // how long its latest batch has run
    struct report warnings; // of the first one's early checks; owned
    struct batch *culprit;  // the one that has ended the transaction with its own failure; NULL: none has
    bool ends_draft;        // the store is a draft, and this is more
    bool is_locked;         // somebody else held the lock, so that it could not begin
    struct err err;         // why nothing of it is written; ERR_NONE: what did not fail by itself is on disk
};

static void add_batch(struct group *group, struct batch *batch)
{
    batch->next = NULL;
    if (group->last != NULL)
        group->last->next = batch;
    else
        group->first = batch;
    group->last = batch;
    group->count++;
    group->rows += batch->rows.count;
}

// Whether a task in the queue is a batch; for pool_take.
static bool is_batch(void *ctx, struct task *next)
{
    (void)ctx;
    return next->run == lane_write;
}

// Whether the next task in the queue is a batch that may join the group; for pool_take.
static bool may_join(void *ctx, struct task *next)
{
    const struct group *group = ctx;
    const struct batch *batch = CONTAINER_OF(next, struct batch, task);
    return is_batch(NULL, next) && batch->app == group->first->app && *plan_of(group->lane, batch) != NULL &&
           group->count < LIMIT_GROUP_BATCHES && group->rows + batch->rows.count <= LIMIT_GROUP_ROWS;
}

// Whether nothing is to be written any more; *ret_err says so to a client then.
static bool is_ended(const struct lane *lane, struct err *ret_err)
{
    if (!atomic_load_explicit(&lane->common->is_ended, memory_order_relaxed))
        return false;
    *ret_err = (struct err){0};
    (void)err_set(
        ret_err, ERR_BUSY, "the server shuts down, and nothing of the batch was written: send it again");
    return true;
}

// --- one batch

// What the SQL of a batch may take.
static uint64_t time_of(const struct batch *batch)
{
    return LIMIT_BATCH_MS * NS_PER_MS + batch->rows.count * UINT64_C(1000) * LIMIT_BATCH_ROW_US;
}

// Puts a batch into the table batch, with its report as it came. It has what is left of its time.
static enum err_code fill(struct lane *lane, struct batch *batch)
{
    const struct endpoint *endpoint = batch->endpoint;
    struct err *err = &batch->err;
    if (report_copy(&batch->report, &batch->found) != ERR_NONE)
        return err_no_memory(err);
    enum err_code code =
        store_batch_open(lane->conn, endpoint->field_names, endpoint_batch_columns(endpoint), err);
    return code == ERR_NONE ? batch_insert(lane->conn, &batch->rows, err) : code;
}

static enum err_code run_in_savepoint(struct group *group, struct batch *batch)
{
    struct lane *lane = group->lane;
    struct err *err = &batch->err;
    struct plan *plan = *plan_of(lane, batch);
    bool is_staged = group->is_staged && batch == group->first;
    uint64_t staging_ns = is_staged ? group->staging_ns : 0;
    enum err_code code;
    store_deadline(lane->conn, clock_monotonic_ns() + time_of(batch) - staging_ns);
    if (is_staged) {
        code = batch_run_late(plan, batch->params, batch->format, &batch->found, &group->warnings,
            &batch->answer, &batch->answered, err);
    } else {
        AUTO(report_fini) struct report warnings = {0};
        code = fill(lane, batch);
        if (code == ERR_NONE)
            code = batch_run(plan, batch->params, batch->format, &batch->found, &warnings, &batch->answer,
                &batch->answered, err);
    }
    if (code == ERR_NONE && !store_round_trip_is_costly(lane->conn))
        code = store_check_deferred(lane->conn, err); // else COMMIT does, and culprit_at_commit
    store_deadline(lane->conn, 0);
    return code;
}

static enum err_code find_culprit(
    const struct group *group, struct batch *batch, bool is_deferred, struct err *ret_lost)
{
    struct culprit_case failed = {.plan = *plan_of(group->lane, batch),
        .params = batch->params,
        .rows = &batch->rows,
        .format = batch->format,
        .took_ns = group->took_ns,
        .most_ms = LIMIT_CULPRIT_MS,
        .is_deferred = is_deferred};
    return culprit_find(&failed, &batch->found, &batch->err, ret_lost);
}

// Runs a batch; an error returned is one of the whole transaction, the batch's own error stays in batch->err.
static enum err_code run_batch(struct group *group, struct batch *batch)
{
    struct lane *lane = group->lane;
    struct err *err = &group->err;
    enum err_code code = store_savepoint(lane->conn, err);
    if (code != ERR_NONE)
        return code;
    uint64_t start_ns = clock_monotonic_ns() - (batch == group->first ? group->staging_ns : 0);
    code = run_in_savepoint(group, batch);
    group->took_ns = clock_monotonic_ns() - start_ns;
    if (code == ERR_NONE)
        return store_release(lane->conn, err);
    if (code == ERR_ABORTED || code == ERR_STALE) // with all locks that the others of the group may hold
        return err_set(err, code, "%s", batch->err.text);
    if (is_ended(lane, &batch->err)) // it was interrupted, most likely
        return store_rollback_to(lane->conn, err);
    code = store_rollback_to(lane->conn, err);
    bool is_deferred = !store_round_trip_is_costly(lane->conn);
    return code == ERR_NONE ? find_culprit(group, batch, is_deferred, err) : code;
}

// Runs the first batch and, if `takes_more`, those that wait behind it.
static enum err_code run_group(struct group *group, bool takes_more)
{
    struct lane *lane = group->lane;
    struct task *next = NULL;
    do {
        if (next != NULL)
            add_batch(group, CONTAINER_OF(next, struct batch, task));
        enum err_code code = run_batch(group, group->last);
        if (code == ERR_BUSY && group->last->err.code != ERR_NONE)
            group->culprit = group->last;
        if (code != ERR_NONE)
            return code;
        bool is_over = !takes_more || atomic_load_explicit(&lane->common->is_ended, memory_order_relaxed);
        next = is_over ? NULL : pool_take(lane->pool, may_join, group);
    } while (next != NULL);
    return ERR_NONE;
}

// Notes that the store is more than a draft from this transaction on, if one of its batches goes in.
static enum err_code end_draft(struct group *group)
{
    struct lane *lane = group->lane;
    for (const struct batch *batch = group->first; batch != NULL && !group->ends_draft; batch = batch->next)
        group->ends_draft = batch->err.code == ERR_NONE && atomic_load(&lane->common->is_draft);
    return group->ends_draft ? note_write(lane->conn, NOTE_DRAFT, "", &group->err) : ERR_NONE;
}

// --- beginning

static void give_turn(struct group *group)
{
    if (group->has_turn)
        turn_give(&group->lane->common->turn);
    group->has_turn = false;
}

// Makes a batch again what it was when it was submitted.
static void forget_run(struct batch *batch)
{
    batch->err = (struct err){0};
    batch->answered = (struct answered){0};
    report_fini(&batch->found);
    spool_reset(&batch->answer);
}

static enum err_code begin_in_turn(struct group *group)
{
    struct lane *lane = group->lane;
    (void)turn_take(&lane->common->turn, UINT64_MAX);
    group->has_turn = true;
    if (is_ended(lane, &group->err))
        return group->err.code;
    enum err_code code = store_begin(lane->conn, &group->err);
    group->is_locked = code == ERR_BUSY;
    return code;
}

// Begins, and runs all of the first batch that needs no turn. What is returned is the batch's own error, or
// that of a transaction that could not begin, which stands in group->err.
static enum err_code stage(struct group *group)
{
    struct lane *lane = group->lane;
    struct batch *batch = group->first;
    uint64_t start_ns = clock_monotonic_ns();
    enum err_code code = store_begin_early(lane->conn, &group->err);
    group->is_locked = code == ERR_BUSY;
    if (code != ERR_NONE)
        return code;
    store_deadline(lane->conn, start_ns + time_of(batch));
    code = fill(lane, batch);
    if (code == ERR_NONE)
        code = batch_run_early(
            *plan_of(lane, batch), batch->params, &batch->found, &group->warnings, &batch->err);
    store_deadline(lane->conn, 0);
    group->is_staged = code == ERR_NONE;
    group->staging_ns = clock_monotonic_ns() - start_ns;
    return code;
}

static void unstage(struct group *group)
{
    store_rollback(group->lane->conn);
    forget_run(group->first);
    report_fini(&group->warnings);
    group->warnings = (struct report){0};
    group->is_staged = false;
    group->staging_ns = 0;
}

// What is to be done when the first batch has failed before it had its turn.
static enum err_code end_staging(struct group *group, enum err_code code)
{
    struct err *own = &group->first->err;
    switch (code) {
    case ERR_ABORTED:
    case ERR_STALE: // the transaction begins anew
        return err_set(&group->err, code, "%s", own->text);
    case ERR_VALUE:
    case ERR_CONFLICT:
    case ERR_CONSTRAINT: // which row is looked for in a savepoint
        unstage(group);
        group->entry = ENTRY_IN_TURN;
        return begin_in_turn(group);
    default:
        if (code != ERR_INVALID)
            (void)is_ended(group->lane, own);
        group->is_over = true;
        return ERR_NONE;
    }
}

static enum err_code begin_staged(struct group *group)
{
    struct lane *lane = group->lane;
    struct turn *turn = &lane->common->turn;
    enum err_code code = stage(group);
    if (code == ERR_NONE) {
        group->has_turn = turn_take(turn, clock_monotonic_ns() + LIMIT_STAGED_MS * NS_PER_MS);
        if (!group->has_turn) { // another lane's batch takes long: this one stages again when that is done
            unstage(group);
            group->has_turn = turn_take(turn, UINT64_MAX);
            code = stage(group);
        }
    }
    if (group->err.code != ERR_NONE)
        return code;
    if (code != ERR_NONE) {
        give_turn(group);
        return end_staging(group, code);
    }
    if (is_ended(lane, &group->err))
        return group->err.code;
    code = store_take_turn(lane->conn, &group->err);
    group->is_locked = code == ERR_BUSY;
    return code;
}

static enum err_code begin(struct group *group)
{
    const struct lane *lane = group->lane;
    if (!lane->is_early)
        group->entry = ENTRY_IN_TURN;
    else if (lane->is_parallel && !atomic_load(&lane->common->is_draft))
        group->entry = ENTRY_PARALLEL;
    else
        group->entry = ENTRY_STAGED;
    if (group->entry == ENTRY_IN_TURN)
        return begin_in_turn(group);
    if (group->entry == ENTRY_STAGED)
        return begin_staged(group);
    enum err_code code = store_begin_early(lane->conn, &group->err);
    group->is_locked = code == ERR_BUSY;
    return code;
}

// --- transactions

// Ends it; from here on the next lane may wait for the store's turn.
static enum err_code commit(struct group *group)
{
    struct lane *lane = group->lane;
    struct batch *sole = group->count == 1 ? group->first : NULL;
    struct err *err = &group->err;
    give_turn(group);
    enum err_code code = store_commit(lane->conn, err);
    if (sole != NULL && (code == ERR_CONFLICT || code == ERR_CONSTRAINT))
        violated_words(lane->conn, sole->endpoint, err);
    return code;
}

// Whether COMMIT has found what is wrong with the only batch, and not with which row.
static bool lacks_culprit(const struct group *group)
{
    enum err_code code = group->err.code;
    return group->count == 1 && (code == ERR_CONFLICT || code == ERR_CONSTRAINT) &&
           group->first->err.code == ERR_NONE && group->first->found.total == 0;
}

// Looks for that row, in a transaction that is rolled back. The failure is the batch's own from here on.
static void culprit_at_commit(struct group *group)
{
    struct batch *batch = group->first;
    struct err lost = {0};
    batch->err = group->err;
    group->err = (struct err){0};
    if (begin_in_turn(group) == ERR_NONE)
        (void)find_culprit(group, batch, true, &lost); // if that is lost, the words stay alone
    store_rollback(group->lane->conn);
    give_turn(group);
    group->err = (struct err){0};
    group->is_locked = false;
}

// One transaction, from BEGIN to its end, with all prepared that its first batch needs; group->err tells how
// it went.
static void write_group(struct group *group, bool takes_more)
{
    struct lane *lane = group->lane;
    enum err_code code = prepare_for(lane, group->first, &group->err);
    if (code == ERR_NONE)
        code = begin(group);
    bool goes_on = code == ERR_NONE && !group->is_over;
    if (goes_on)
        code = run_group(group, takes_more);
    if (goes_on && code == ERR_NONE)
        code = end_draft(group);
    if (code != ERR_NONE)
        (void)is_ended(lane, &group->err);
    if (goes_on && code == ERR_NONE)
        code = commit(group);
    if (code != ERR_NONE || group->is_over)
        store_rollback(lane->conn);
    else if (group->ends_draft)
        atomic_store(&lane->common->is_draft, false);
    if (goes_on && lacks_culprit(group))
        culprit_at_commit(group);
    give_turn(group);
    report_fini(&group->warnings);
    if (group->last->err.code == ERR_STALE)
        drop_plan(plan_of(lane, group->last));
}

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
    batch->on_done(batch);
    lane_common_remove(lane->common);
}

static void tell_all(struct group *group)
{
    for (struct batch *batch = group->first, *next; batch != NULL; batch = next) {
        next = batch->next;
        tell(group->lane, batch, &group->err);
    }
}

// Tells what waits now, and not what comes meanwhile, that the store is locked.
static void tell_queue(struct lane *lane, const struct err *err)
{
    for (size_t left = pool_queued(lane->pool); left > 0; left--) {
        struct task *task = pool_take(lane->pool, is_batch, NULL);
        if (task != NULL)
            tell(lane, CONTAINER_OF(task, struct batch, task), err);
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
        forget_run(batch);
        add_batch(&alone, batch);
        write_group(&alone, false);
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
        if (ret_locked->code == ERR_NONE && !is_ended(lane, ret_locked)) {
            write_alone(lane, batch, &alone);
        } else {
            forget_run(batch);
            add_batch(&alone, batch);
            alone.err = *ret_locked;
        }
        if (alone.is_locked)
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

// --- rounds

void lane_write(struct task *task, void *worker)
{
    struct lane *lane = worker;
    struct group group = {.lane = lane};
    struct err locked = {0};
    add_batch(&group, CONTAINER_OF(task, struct batch, task));
    if (is_ended(lane, &group.err)) {
        tell_all(&group);
        return;
    }
    write_group(&group, may_share(lane));
    learn(&group);
    if (group.is_locked)
        locked = group.err;
    if (may_go_on_alone(&group))
        write_one_by_one(lane, &group, &locked);
    else
        tell_all(&group);
    if (locked.code != ERR_NONE)
        tell_queue(lane, &locked);
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
    *lane = (struct lane){.common = common, .conn = conn, .is_early = is_early};
    store_interrupt_when(conn, &common->is_ended);
}

void lane_fini(struct lane *lane)
{
    if (lane->app != NULL)
        free_plans(lane->plans, lane->app->endpoint_count);
    app_unref(lane->app);
    if (lane->conn != NULL)
        store_interrupt_when(lane->conn, NULL); // it may still take a scratch schema away
    store_disconnect(lane->conn);
}
