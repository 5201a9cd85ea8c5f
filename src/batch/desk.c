// SPDX-License-Identifier: Apache-2.0
// The connection of PostgreSQL's desk is made at the start, as that waits for its turn. Once lost it is made
// anew by the store (store_begin).
#include "batch/desk.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "net/pool.h"

struct desk {
    struct store *store;       // borrowed
    struct writer *writer;     // borrowed
    struct pool *pool;         // owned; of one thread; NULL: the writer runs the tasks
    struct own_statements own; // of an owned connection, that thread's; without one, the writer has it
    atomic_bool is_ended;      // interrupts what runs
};

// --- on the desk's own thread

static void run_here(struct task *pool_task, void *worker)
{
    struct desk *desk = worker;
    struct desk_task *task =
        CONTAINER_OF(CONTAINER_OF(pool_task, struct writer_errand, task), struct desk_task, errand);
    struct err why = {0};
    bool is_ended = atomic_load(&desk->is_ended);
    if (is_ended)
        (void)err_set(&why, ERR_BUSY, "the server shuts down, and nothing was accepted: send it again");
    task->run(task, is_ended ? NULL : &desk->own, &why);
}

// --- on the writer's

static void run_there(struct writer_errand *errand, struct own_statements *own, const struct err *why)
{
    struct desk_task *task = CONTAINER_OF(errand, struct desk_task, errand);
    task->run(task, own, why);
}

// --- life

static enum err_code connect(struct desk *desk, struct err *err)
{
    void *worker = desk;
    enum err_code code = store_connect(desk->store, STORE_WRITE, &desk->own.conn, err);
    if (code != ERR_NONE)
        return code;
    store_interrupt_when(desk->own.conn, &desk->is_ended);
    return pool_new(1, &worker, LIMIT_DESK_QUEUE, &desk->pool, err);
}

enum err_code desk_new(struct store *store, struct writer *writer, struct desk **ret_desk, struct err *err)
{
    struct desk *desk = mem_zalloc(1, sizeof(*desk));
    if (desk == NULL)
        return err_no_memory(err);
    *desk = (struct desk){.store = store, .writer = writer};
    enum err_code code = writer_has_several(writer) ? connect(desk, err) : ERR_NONE;
    if (code != ERR_NONE) {
        desk_free(desk);
        return code;
    }
    *ret_desk = desk;
    return ERR_NONE;
}

bool desk_send(struct desk *desk, struct desk_task *task)
{
    task->errand.run = run_there;
    if (desk->pool == NULL)
        return writer_run(desk->writer, &task->errand);
    task->errand.task = (struct task){.run = run_here};
    return pool_submit(desk->pool, &task->errand.task);
}

struct writer *desk_writer(struct desk *desk)
{
    return desk->writer;
}

void desk_end(struct desk *desk)
{
    atomic_store(&desk->is_ended, true);
}

void desk_free(struct desk *desk)
{
    if (desk == NULL)
        return;
    pool_free(desk->pool);
    own_statements_fini(&desk->own);
    store_disconnect(desk->own.conn);
    mem_free(desk);
}

// --- what tasks do

void desk_give_time(struct store_conn *conn)
{
    store_deadline(conn, clock_monotonic_ns() + LIMIT_DESK_MS * NS_PER_MS);
}

static enum err_code run_change(
    struct own_statements *own, const struct desk_transaction *transaction, struct err *err)
{
    struct store_conn *conn = own->conn;
    enum err_code code = transaction->takes_turn ? store_begin(conn, err) : store_begin_early(conn, err);
    if (code != ERR_NONE)
        return code;
    code = transaction->change(transaction->ctx, own, err);
    bool counts = code == ERR_NONE && (transaction->is_useless == NULL || !*transaction->is_useless);
    if (counts)
        code = store_commit(conn, err);
    if (!counts || code != ERR_NONE)
        store_rollback(conn);
    return code;
}

enum err_code desk_transact_as(
    struct own_statements *own, const struct desk_transaction *transaction, struct err *err)
{
    if (!transaction->takes_turn)
        desk_give_time(own->conn);
    enum err_code code = run_change(own, transaction, err);
    store_deadline(own->conn, 0);
    if (code != ERR_NONE)
        own_statements_fini(own);
    return code;
}

enum err_code desk_transact(struct own_statements *own,
    enum err_code (*change)(void *ctx, struct own_statements *own, struct err *err), void *ctx,
    struct err *err)
{
    return desk_transact_as(own, &(struct desk_transaction){.change = change, .ctx = ctx}, err);
}
