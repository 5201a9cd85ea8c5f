// SPDX-License-Identifier: Apache-2.0
// One round of the writer, on its own thread; what happens to one batch is run.c's:
//
//     BEGIN ─ { SAVEPOINT ─ run ─ RELEASE, or ROLLBACK TO when it fails } for each batch of the group ─
//     COMMIT ─ tell all
//
// The batches of a group are of one app. One of another app (a new edition of the same files) stays in the
// queue, and all is prepared anew for it.
//
// No batch is told its outcome before the commit has returned. When the transaction as a whole is lost:
//
//  - through one of its batches (a constraint that only COMMIT looks at, a trigger that rolls back), all
//    begin anew, each in a transaction of its own, so that each fails for itself;
//  - as the database took it back for the sake of another one (a deadlock, a serialization failure), all
//    begin anew likewise, each up to LIMIT_WRITE_TRIES times;
//  - as another connection has changed the tables under a statement, likewise, and what is stale is prepared
//    anew;
//  - for another reason (a full disk), every batch that had no fault of its own is told that error;
//  - as the server ends (writer_end), all are told so, and nothing begins any more;
//  - as it could not even begin, because another process holds the lock, so is every batch in the queue: the
//    next ones would wait for the same lock as long, one after another.
#include "batch/writer.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "batch/culprit.h"
#include "batch/run.h"
#include "batch/violated.h"
#include "store/notes.h"

struct writer {
    struct pool *pool;       // owned; one thread
    atomic_bool is_ended;    // writer_end was called; interrupts what runs
    atomic_bool is_draft;    // the store is noted to be one; any thread sets it, this one clears it
    struct task look;        // look_again, while is_looking
    atomic_bool is_looking;  // whoever sets it submits the look; this thread clears it
    struct task last;        // tell_done, once writer_end was called
    sem_t done;              // posted by that
    struct store_conn *conn; // owned; the thread's from here on, as all below
    struct app *app;         // that is prepared; a reference
    struct plan **plans;     // owned; one for each endpoint of the app; NULL: it reads, or has gone stale
};

// --- plans

static void free_plans(struct plan **plans, size_t count)
{
    for (size_t i = 0; plans != NULL && i < count; i++)
        plan_free(plans[i]);
    mem_free(plans);
}

// Prepares the app's writes, and puts them in the place of what was prepared; else all stays as it was.
static enum err_code prepare(struct writer *writer, struct app *app, struct diags *diags, struct err *err)
{
    struct plan **plans = mem_zalloc(app->endpoint_count, sizeof(*plans));
    if (plans == NULL)
        return err_no_memory(err);
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < app->endpoint_count; i++) {
        if (app->endpoints[i].method != HTTP_GET)
            code = plan_new(&app->endpoints[i], writer->conn, diags, &plans[i], err);
    }
    if (code != ERR_NONE) {
        free_plans(plans, app->endpoint_count);
        return code;
    }
    if (writer->app != NULL)
        free_plans(writer->plans, writer->app->endpoint_count);
    app_unref(writer->app);
    writer->app = app_ref(app);
    writer->plans = plans;
    return ERR_NONE;
}

static struct plan **plan_of(const struct writer *writer, const struct batch *batch)
{
    return &writer->plans[batch->endpoint - writer->app->endpoints];
}

static void drop_plan(struct plan **plan)
{
    plan_free(*plan);
    *plan = NULL;
}

// Makes the batch's app the one that is prepared, with its endpoint; outside of a transaction. It was checked
// before it was served: when that fails, the store has changed since.
static enum err_code prepare_for(struct writer *writer, const struct batch *batch, struct err *err)
{
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    enum err_code code = ERR_NONE;
    if (batch->app != writer->app)
        code = prepare(writer, batch->app, &diags, err);
    else if (*plan_of(writer, batch) == NULL)
        code = plan_new(batch->endpoint, writer->conn, &diags, plan_of(writer, batch), err);
    return code == ERR_NONE ? ERR_NONE : diags_explain(&diags, err);
}

// --- on the writer's thread

static enum err_code run_in_savepoint(struct writer *writer, struct batch *batch)
{
    const struct endpoint *endpoint = batch->endpoint;
    struct err *err = &batch->err;
    AUTO(report_fini) struct report warnings = {0};
    if (report_copy(&batch->report, &batch->found) != ERR_NONE)
        return err_no_memory(err);
    store_deadline(writer->conn, clock_monotonic_ns() + LIMIT_BATCH_MS * NS_PER_MS);
    enum err_code code = store_batch_open(writer->conn, endpoint->field_names, endpoint->field_count, err);
    if (code == ERR_NONE)
        code = batch_insert(writer->conn, &batch->rows, err);
    if (code == ERR_NONE)
        code = batch_run(*plan_of(writer, batch), batch->params, batch->format, &batch->found, &warnings,
            &batch->answer, &batch->status, err);
    store_deadline(writer->conn, 0);
    return code;
}

// Whether nothing is to be written any more; *ret_err says so to a client then.
static bool is_ended(const struct writer *writer, struct err *ret_err)
{
    if (!atomic_load_explicit(&writer->is_ended, memory_order_relaxed))
        return false;
    *ret_err = (struct err){0};
    (void)err_set(
        ret_err, ERR_BUSY, "the server shuts down, and nothing of the batch was written: send it again");
    return true;
}

// Runs a batch; an error returned is one of the whole transaction, the batch's own error stays in batch->err.
static enum err_code run_batch(struct writer *writer, struct batch *batch, struct err *err)
{
    enum err_code code = store_savepoint(writer->conn, err);
    if (code != ERR_NONE)
        return code;
    uint64_t start_ns = clock_monotonic_ns();
    code = run_in_savepoint(writer, batch);
    if (code == ERR_NONE)
        return store_release(writer->conn, err);
    if (code == ERR_ABORTED || code == ERR_STALE) // with all locks that the others of the group may hold
        return err_set(err, code, "%s", batch->err.text);
    bool is_found = violated_find(writer->conn, batch->endpoint, &batch->rows, &batch->err, &batch->found);
    if (is_ended(writer, &batch->err)) // it was interrupted, most likely
        return store_rollback_to(writer->conn, err);
    code = store_rollback_to(writer->conn, err);
    struct culprit_case failed = {.plan = *plan_of(writer, batch),
        .params = batch->params,
        .rows = &batch->rows,
        .format = batch->format,
        .took_ns = clock_monotonic_ns() - start_ns};
    return code == ERR_NONE && !is_found ? culprit_find(&failed, &batch->found, &batch->err, err) : code;
}

// --- groups

// A transaction under way, and how it ended.
struct group {
    struct writer *writer; // that writes it
    struct batch *first;   // its batches, in order
    struct batch *last;    // of them
    size_t count;          // of them
    size_t rows;           // of all of them
    struct batch *culprit; // the one that has ended the transaction with its own failure; NULL: none has
    bool ends_draft;       // the store is a draft, and this is more
    bool is_locked;        // somebody else held the lock, so that it could not begin
    struct err err;        // why nothing of it is written; ERR_NONE: what did not fail by itself is on disk
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

static void write_batches(struct task *task, void *worker);

// Whether a task in the queue is a batch; for pool_take.
static bool is_batch(void *ctx, struct task *next)
{
    (void)ctx;
    return next->run == write_batches;
}

// Whether the next task in the queue is a batch that may join the group; for pool_take.
static bool may_join(void *ctx, struct task *next)
{
    const struct group *group = ctx;
    const struct batch *batch = CONTAINER_OF(next, struct batch, task);
    return is_batch(NULL, next) && batch->app == group->first->app &&
           *plan_of(group->writer, batch) != NULL && group->count < LIMIT_GROUP_BATCHES &&
           group->rows + batch->rows.count <= LIMIT_GROUP_ROWS;
}

// Runs the first batch and, if `takes_more`, those that wait behind it.
static enum err_code run_group(struct writer *writer, struct group *group, bool takes_more)
{
    struct task *next = NULL;
    do {
        if (next != NULL)
            add_batch(group, CONTAINER_OF(next, struct batch, task));
        enum err_code code = run_batch(writer, group->last, &group->err);
        if (code == ERR_BUSY && group->last->err.code != ERR_NONE)
            group->culprit = group->last;
        if (code != ERR_NONE)
            return code;
        bool is_over = !takes_more || atomic_load_explicit(&writer->is_ended, memory_order_relaxed);
        next = is_over ? NULL : pool_take(writer->pool, may_join, group);
    } while (next != NULL);
    return ERR_NONE;
}

// Notes that the store is more than a draft from this transaction on, if one of its batches goes in.
static enum err_code end_draft(struct group *group)
{
    struct writer *writer = group->writer;
    for (const struct batch *batch = group->first; batch != NULL && !group->ends_draft; batch = batch->next)
        group->ends_draft = batch->err.code == ERR_NONE && atomic_load(&writer->is_draft);
    return group->ends_draft ? note_write(writer->conn, NOTE_DRAFT, "", &group->err) : ERR_NONE;
}

// One transaction, from BEGIN to its end, with all prepared that its first batch needs; group->err tells how
// it went.
static void write_group(struct writer *writer, struct group *group, bool takes_more)
{
    enum err_code code = prepare_for(writer, group->first, &group->err);
    if (code == ERR_NONE)
        code = store_begin(writer->conn, &group->err);
    group->is_locked = code == ERR_BUSY;
    if (code == ERR_NONE)
        code = run_group(writer, group, takes_more);
    if (code == ERR_NONE)
        code = end_draft(group);
    if (code != ERR_NONE)
        (void)is_ended(writer, &group->err);
    if (code == ERR_NONE) {
        code = store_commit(writer->conn, &group->err);
        if (group->count == 1 && (code == ERR_CONFLICT || code == ERR_CONSTRAINT))
            violated_words(writer->conn, group->first->endpoint, &group->err);
        if (group->count == 1)
            (void)violated_find(
                writer->conn, group->first->endpoint, &group->first->rows, &group->err, &group->first->found);
    }
    if (code != ERR_NONE)
        store_rollback(writer->conn);
    else if (group->ends_draft)
        atomic_store(&writer->is_draft, false);
    if (group->last->err.code == ERR_STALE)
        drop_plan(plan_of(writer, group->last));
}

// Tells a batch how it ended: as `err` says, unless it has an error of its own. It is its sender's then.
static void tell(struct batch *batch, const struct err *err)
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
}

static void tell_all(struct group *group)
{
    for (struct batch *batch = group->first, *next; batch != NULL; batch = next) {
        next = batch->next;
        tell(batch, &group->err);
    }
}

// Tells what waits now, and not what comes meanwhile, that the store is locked.
static void tell_queue(struct writer *writer, const struct err *err)
{
    for (size_t left = pool_queued(writer->pool); left > 0; left--) {
        struct task *task = pool_take(writer->pool, is_batch, NULL);
        if (task != NULL)
            tell(CONTAINER_OF(task, struct batch, task), err);
    }
}

// Makes a batch again what it was when it was submitted.
static void forget_run(struct batch *batch)
{
    batch->err = (struct err){0};
    batch->status = 0;
    report_fini(&batch->found);
    spool_reset(&batch->answer);
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
static void write_alone(struct writer *writer, struct batch *batch, struct group *ret_group)
{
    for (unsigned attempt = 0; attempt < LIMIT_WRITE_TRIES; attempt++) {
        struct group alone = {.writer = writer};
        if (attempt > 0)
            pause_before(attempt);
        forget_run(batch);
        add_batch(&alone, batch);
        write_group(writer, &alone, false);
        *ret_group = alone;
        if (alone.err.code != ERR_ABORTED && alone.err.code != ERR_STALE)
            return;
    }
}

// Writes each batch of a group that was lost in a transaction of its own, and tells it; the culprit has had
// its turn. *ret_locked is filled when the store is locked.
static void write_one_by_one(struct writer *writer, const struct group *lost, struct err *ret_locked)
{
    for (struct batch *batch = lost->first, *next; batch != NULL; batch = next) {
        next = batch->next;
        struct group alone = {.writer = writer};
        if (batch == lost->culprit) {
            tell(batch, &lost->err);
            continue;
        }
        if (ret_locked->code == ERR_NONE && !is_ended(writer, ret_locked)) {
            write_alone(writer, batch, &alone);
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

// --- rounds

static void write_batches(struct task *task, void *worker)
{
    struct writer *writer = worker;
    struct group group = {.writer = writer};
    struct err locked = {0};
    add_batch(&group, CONTAINER_OF(task, struct batch, task));
    if (is_ended(writer, &group.err)) {
        tell_all(&group);
        return;
    }
    write_group(writer, &group, true);
    if (group.is_locked)
        locked = group.err;
    if (may_go_on_alone(&group))
        write_one_by_one(writer, &group, &locked);
    else
        tell_all(&group);
    if (locked.code != ERR_NONE)
        tell_queue(writer, &locked);
}

// A transaction that writes nothing: it has the store find out whether it can be written again.
static void look_again(struct task *task, void *worker)
{
    struct writer *writer = worker;
    struct err ignored = {0}; // who asks the store is told
    (void)task;
    if (store_begin(writer->conn, &ignored) == ERR_NONE)
        store_rollback(writer->conn);
    atomic_store(&writer->is_looking, false);
}

// --- life

enum err_code writer_new(struct app *app, struct store_conn *conn, struct diags *diags,
    struct writer **ret_writer, struct err *err)
{
    struct writer *writer = mem_zalloc(1, sizeof(*writer));
    if (writer == NULL)
        return err_no_memory(err);
    writer->conn = conn;
    sem_init(&writer->done, 0, 0);
    void *worker = writer;
    enum err_code code = prepare(writer, app, diags, err);
    if (code == ERR_NONE)
        code = pool_new(1, &worker, LIMIT_WRITE_QUEUE, &writer->pool, err);
    if (code == ERR_NONE)
        store_interrupt_when(conn, &writer->is_ended);
    if (code != ERR_NONE) {
        writer->conn = NULL; // the caller's still
        writer_free(writer);
        return code;
    }
    *ret_writer = writer;
    return ERR_NONE;
}

// All that was queued before has been written.
static void tell_done(struct task *task, void *worker)
{
    struct writer *writer = worker;
    (void)task;
    sem_post(&writer->done);
}

void writer_end(struct writer *writer, uint64_t until_ns)
{
    const struct timespec until = clock_timespec(until_ns);
    writer->last.run = tell_done;
    if (clock_monotonic_ns() < until_ns && pool_submit(writer->pool, &writer->last)) {
        while (sem_clockwait(&writer->done, CLOCK_MONOTONIC, &until) != 0 && errno == EINTR)
            ;
    }
    atomic_store(&writer->is_ended, true);
}

void writer_set_draft(struct writer *writer)
{
    atomic_store(&writer->is_draft, true);
}

void writer_look(struct writer *writer)
{
    if (atomic_exchange(&writer->is_looking, true))
        return;
    writer->look.run = look_again;
    if (!pool_submit(writer->pool, &writer->look)) // what is queued finds out by itself
        atomic_store(&writer->is_looking, false);
}

bool writer_submit(struct writer *writer, struct batch *batch)
{
    batch->task.run = write_batches;
    return pool_submit(writer->pool, &batch->task);
}

void writer_free(struct writer *writer)
{
    if (writer == NULL)
        return;
    pool_free(writer->pool);
    if (writer->app != NULL)
        free_plans(writer->plans, writer->app->endpoint_count);
    app_unref(writer->app);
    if (writer->conn != NULL)
        store_interrupt_when(writer->conn, NULL); // it may still take a scratch schema away
    store_disconnect(writer->conn);
    sem_destroy(&writer->done);
    mem_free(writer);
}
