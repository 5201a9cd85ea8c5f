// SPDX-License-Identifier: Apache-2.0
// One round of the writer:
//
//     BEGIN ─ { SAVEPOINT ─ run ─ RELEASE, or ROLLBACK TO when it fails } for each batch of the group ─
//     COMMIT ─ tell all
//
// Nobody is told before the commit has returned. When the transaction as a whole is lost (COMMIT or a
// savepoint fails: a full disk, a lost lock), every batch of the group that had no fault of its own is told
// that error: none of it is written.
#include "batch/writer.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "batch/run.h"

struct writer {
    const struct app *app;   // borrowed; immutable
    struct pool *pool;       // owned; one thread
    struct store_conn *conn; // owned; the thread's from here on
    struct plan **plans;     // owned; one for each endpoint of the app, NULL for reads
};

// --- on the writer's thread

static enum err_code run_in_savepoint(struct writer *writer, struct batch *batch)
{
    const struct endpoint *endpoint = batch->endpoint;
    struct plan *plan = writer->plans[endpoint - writer->app->endpoints];
    struct err *err = &batch->err;
    store_deadline(writer->conn, clock_monotonic_ns() + LIMIT_BATCH_MS * NS_PER_MS);
    enum err_code code = store_batch_open(writer->conn, endpoint->field_names, endpoint->field_count, err);
    if (code == ERR_NONE)
        code = batch_insert(writer->conn, &batch->rows, err);
    if (code == ERR_NONE)
        code = batch_run(plan, batch->params, &batch->report, &batch->answer, &batch->status, err);
    store_deadline(writer->conn, 0);
    return code;
}

// Runs a batch; an error returned is one of the whole transaction, the batch's own error stays in batch->err.
static enum err_code run_batch(struct writer *writer, struct batch *batch, struct err *err)
{
    enum err_code code = store_savepoint(writer->conn, err);
    if (code != ERR_NONE)
        return code;
    if (run_in_savepoint(writer, batch) == ERR_NONE)
        return store_release(writer->conn, err);
    return store_rollback_to(writer->conn, err);
}

static enum err_code run_group(struct writer *writer, struct batch *first, struct err *err)
{
    size_t batches = 0, rows = 0;
    struct batch *batch = first;
    while (batch != NULL) {
        enum err_code code = run_batch(writer, batch, err);
        if (code != ERR_NONE)
            return code;
        batches++;
        rows += batch->rows.count;
        if (batches == LIMIT_GROUP_BATCHES || rows >= LIMIT_GROUP_ROWS)
            break;
        struct task *task = pool_take(writer->pool);
        batch->next = task != NULL ? CONTAINER_OF(task, struct batch, task) : NULL;
        batch = batch->next;
    }
    return store_commit(writer->conn, err);
}

static void write_group(struct task *task, void *worker)
{
    struct writer *writer = worker;
    struct batch *first = CONTAINER_OF(task, struct batch, task);
    struct err err = {0};
    first->next = NULL;
    if (store_begin(writer->conn, &err) == ERR_NONE && run_group(writer, first, &err) != ERR_NONE)
        store_rollback(writer->conn);
    for (struct batch *batch = first, *next; batch != NULL; batch = next) {
        next = batch->next;
        if (err.code != ERR_NONE && batch->err.code == ERR_NONE)
            batch->err = err;
        batch->on_done(batch);
    }
}

// --- life

static enum err_code prepare(struct writer *writer, struct diags *diags, struct err *err)
{
    for (size_t i = 0; i < writer->app->endpoint_count; i++) {
        const struct endpoint *endpoint = &writer->app->endpoints[i];
        if (endpoint->method == HTTP_GET)
            continue;
        enum err_code code = plan_new(endpoint, writer->conn, diags, &writer->plans[i], err);
        if (code != ERR_NONE)
            return code;
    }
    return ERR_NONE;
}

static void free_plans(struct writer *writer)
{
    for (size_t i = 0; writer->plans != NULL && i < writer->app->endpoint_count; i++)
        plan_free(writer->plans[i]);
    mem_free(writer->plans);
}

enum err_code writer_new(const struct app *app, struct store_conn *conn, struct diags *diags,
    struct writer **ret_writer, struct err *err)
{
    struct writer *writer = mem_zalloc(1, sizeof(*writer));
    if (writer == NULL)
        return err_no_memory(err);
    *writer = (struct writer){.app = app, .conn = conn};
    enum err_code code = ERR_NONE;
    writer->plans = mem_zalloc(app->endpoint_count, sizeof(*writer->plans));
    if (writer->plans == NULL)
        code = err_no_memory(err);
    if (code == ERR_NONE)
        code = prepare(writer, diags, err);
    void *worker = writer;
    if (code == ERR_NONE)
        code = pool_new(1, &worker, LIMIT_WRITE_QUEUE, &writer->pool, err);
    if (code != ERR_NONE) {
        free_plans(writer);
        mem_free(writer);
        return code;
    }
    *ret_writer = writer;
    return ERR_NONE;
}

bool writer_submit(struct writer *writer, struct batch *batch)
{
    batch->task.run = write_group;
    return pool_submit(writer->pool, &batch->task);
}

void writer_free(struct writer *writer)
{
    if (writer == NULL)
        return;
    pool_free(writer->pool);
    free_plans(writer);
    store_disconnect(writer->conn);
    mem_free(writer);
}
