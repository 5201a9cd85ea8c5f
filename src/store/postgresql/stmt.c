// SPDX-License-Identifier: Apache-2.0
// Statements: checked, translated and prepared once for each session, then bound. What comes of a run is
// step.c's to take. The connection's thread.
//
// Running is the hot path. Binding only queues; the first step sends all that is queued and waits. So several
// statements that are bound before the first of them is stepped cost one round trip together, and are best
// stepped in the order in which they were bound.
//
// Through a pooler nothing can be prepared for longer than a transaction: the text is sent with each run.
#include "store/postgresql/stmt.h"

#include <assert.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/postgresql/batch.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/error.h"
#include "store/postgresql/files.h"
#include "store/postgresql/permit.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/prepared.h"
#include "store/postgresql/queue.h"
#include "store/postgresql/run.h"
#include "store/postgresql/session.h"
#include "store/postgresql/sql.h"
#include "store/postgresql/tx.h"
#include "store/postgresql/value.h"

// --- life

void pg_finalize(struct store_stmt *base)
{
    struct pg_stmt *stmt = pg_stmt(base);
    pg_reset(base);
    pg_prepared_leave(stmt->conn, stmt->prepared);
    for (size_t i = 0; i < stmt->base.column_count; i++)
        pg_room_fini(&stmt->columns[i].room);
    store_stmt_fini(base);
    mem_free(stmt->columns);
    pg_params_fini(&stmt->params);
    pg_run_fini(&stmt->run);
    mem_free(stmt);
}

// --- preparing: the text

// The one statement in `sql`.
static enum err_code find_statement(struct span sql, struct span *ret_statement, struct err *err)
{
    enum err_code code = pg_check_bytes(sql, err);
    if (code != ERR_NONE)
        return code;
    size_t end = 0;
    struct span statement = pg_next_statement(sql, &end);
    if (statement.len == 0)
        return pg_fail_at(sql, 0, err, "there is no statement here");
    struct span next = pg_next_statement(sql, &end);
    if (next.len > 0)
        return pg_fail_at(sql, (size_t)(next.at - sql.at), err, "only one statement can stand here");
    *ret_statement = statement;
    return ERR_NONE;
}

// The type that the server is told. A page's key has the type of the column that it is compared with, which
// the server knows.
static Oid type_of_param(const struct store_name *param)
{
    return param->is_page_key ? PG_TYPE_UNKNOWN : pg_type_of(param->is_list ? TYPE_TEXT : param->type);
}

static enum err_code translate(struct pg_stmt *stmt, struct span sql, struct span statement,
    const struct store_name *params, size_t param_count, struct err *err)
{
    uint16_t numbers[PG_PARAMS];
    size_t count = 0;
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 2 * LIMIT_APP_FILE_BYTES);
    struct span up_to_end = {.at = sql.at, .len = (size_t)(statement.at - sql.at) + statement.len};
    enum err_code code = pg_translate(up_to_end, params, param_count, &out, numbers, &count, err);
    if (code != ERR_NONE)
        return code;
    size_t before = (size_t)(statement.at - sql.at); // comments, in which there are no parameters
    char *text = mem_strndup(out.data + before, out.len - 1 - before);
    if (text == NULL)
        return err_no_memory(err);
    code = pg_prepared_new(text, count, &stmt->prepared, err);
    if (code == ERR_NONE)
        code = pg_params_init(&stmt->params, numbers, count, err);
    for (size_t i = 0; code == ERR_NONE && i < count; i++)
        stmt->prepared->param_types[i] = type_of_param(&params[numbers[i]]);
    return code;
}

// --- preparing: on the server

static enum err_code copy_columns(struct pg_stmt *stmt, const PGresult *described, struct err *err)
{
    size_t count = (size_t)PQnfields(described);
    stmt->base.columns = mem_zalloc(count, sizeof(*stmt->base.columns));
    stmt->columns = mem_zalloc(count, sizeof(*stmt->columns));
    if (stmt->base.columns == NULL || stmt->columns == NULL)
        return err_no_memory(err);
    for (; stmt->base.column_count < count; stmt->base.column_count++) {
        size_t i = stmt->base.column_count;
        char *name = mem_strdup(PQfname(described, (int)i));
        if (name == NULL)
            return err_no_memory(err);
        Oid type = PQftype(described, (int)i);
        stmt->columns[i] = (struct pg_column){
            .type = type, .table = PQftable(described, (int)i), .number = PQftablecol(described, (int)i)};
        stmt->base.columns[i] = (struct store_column){
            .name = name, .refused_type = pg_refused_type(type), .is_boolean = type == PG_TYPE_BOOL};
    }
    return ERR_NONE;
}

// Lets all statements of the connection that have the same text and types run the one that was prepared just
// now, which knows the tables as they are: what the server keeps for a statement takes memory in each
// session. Readers only: what a writer's statement gives depends on the columns that the table batch has for
// it.
static void share(struct pg_stmt *stmt)
{
    struct pg_prepared *prepared = stmt->prepared;
    for (struct store_stmt *base = stmt->conn->base.stmts; base != NULL; base = base->next) {
        struct pg_stmt *other = pg_stmt(base);
        if (other->prepared == prepared || other->prepared == NULL ||
            !pg_prepared_is_same(other->prepared, prepared))
            continue;
        struct pg_prepared *before = other->prepared;
        other->prepared = prepared;
        prepared->users++;
        pg_prepared_leave(other->conn, before);
    }
}

static enum err_code prepare_on_server(
    struct pg_stmt *stmt, struct span sql, struct span statement, struct err *err)
{
    PGresult *described = NULL;
    enum err_code code = pg_prepared_describe(stmt->conn, stmt->prepared, sql, statement, &described, err);
    if (code == ERR_NONE && stmt->conn->mode == STORE_READ)
        share(stmt);
    if (code == ERR_NONE)
        code = copy_columns(stmt, described, err);
    PQclear(described);
    return code;
}

// Through a pooler, and outside of a transaction: in one that is rolled back, with the table batch in it.
static enum err_code prepare_in_transaction(
    struct pg_stmt *stmt, struct span sql, struct span statement, struct err *err)
{
    struct pg_conn *conn = stmt->conn;
    enum err_code code = pg_begin(&conn->base, err);
    if (code != ERR_NONE)
        return code;
    if (conn->mode == STORE_WRITE)
        code = pg_batch_make(conn, err);
    if (code == ERR_NONE)
        code = prepare_on_server(stmt, sql, statement, err);
    pg_rollback(&conn->base);
    return code;
}

enum err_code pg_prepare(struct store_conn *base, struct span sql, const struct store_name *params,
    size_t param_count, struct store_stmt **ret_stmt, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    struct span statement = {0};
    enum err_code code = pg_check_alive(conn, err);
    if (code == ERR_NONE)
        code = find_statement(sql, &statement, err);
    if (code == ERR_NONE)
        code = pg_permit_check(PG_ORIGIN_ENDPOINT, sql, statement, err);
    if (code == ERR_NONE)
        code = pg_batch_finish(conn, err);
    if (code != ERR_NONE)
        return code;
    struct pg_stmt *stmt = mem_zalloc(1, sizeof(*stmt));
    if (stmt == NULL)
        return err_no_memory(err);
    store_stmt_init(&stmt->base, base);
    stmt->conn = conn;
    stmt->base.writes = pg_writes(statement);
    code = translate(stmt, sql, statement, params, param_count, err);
    if (code == ERR_NONE)
        code = conn->is_pooled && conn->tx == PG_TX_NONE ? prepare_in_transaction(stmt, sql, statement, err)
                                                         : prepare_on_server(stmt, sql, statement, err);
    if (code != ERR_NONE) {
        pg_finalize(&stmt->base);
        return code;
    }
    if (conn->mode == STORE_READ && conn->tx == PG_TX_NONE)
        code = pg_files_find(conn, stmt->prepared, err);
    if (code != ERR_NONE) {
        pg_finalize(&stmt->base);
        return code;
    }
    *ret_stmt = &stmt->base;
    return ERR_NONE;
}

// --- running

// Ends the run, whatever state it is in. The driver throws away the results that are still to come.
static void drop_run(struct pg_stmt *stmt)
{
    if (stmt->run.state == PG_RUN_SENT)
        pg_disown_run(stmt->conn, &stmt->run);
    pg_run_reset(&stmt->run);
}

// Queues the statement with the values that were encoded.
static enum err_code queue_with_params(struct pg_stmt *stmt, struct pg_item item, struct err *err)
{
    const struct pg_conn *conn = stmt->conn;
    const struct pg_prepared *prepared = stmt->prepared;
    const struct pg_params *params = &stmt->params;
    int count = (int)params->count;
    int sent = conn->is_pooled ? PQsendQueryParams(conn->link, prepared->sql, count, prepared->param_types,
                                     params->values, params->lengths, params->formats, 1)
                               : PQsendQueryPrepared(conn->link, prepared->name, count, params->values,
                                     params->lengths, params->formats, 1);
    return pg_queued(stmt->conn, sent, item, err);
}

static enum err_code queue_run(struct pg_stmt *stmt, struct err *err)
{
    struct pg_conn *conn = stmt->conn;
    struct pg_prepared *prepared = stmt->prepared;
    bool is_alone = conn->is_pooled && conn->tx == PG_TX_NONE;
    enum err_code code = is_alone ? pg_queue_begin(conn, err) : ERR_NONE;
    if (code == ERR_NONE)
        code = pg_prepared_queue(conn, prepared, err);
    if (code != ERR_NONE)
        return code;
    // The server answers what was bound before the last statement before it runs that: so a last statement
    // that a check has refused can be ended.
    bool is_last = conn->last == PG_LAST_NEXT;
    if (is_last)
        conn->last = PG_LAST_BOUND;
    if (is_last && conn->is_unsent && !stmt->run.is_quick && PQsendFlushRequest(conn->link) == 0) {
        pg_lose(conn);
        return pg_check_alive(conn, err);
    }
    code = queue_with_params(stmt, (struct pg_item){.kind = PG_RUN, .run = &stmt->run}, err);
    if (code == ERR_NONE)
        pg_run_move(&stmt->run, PG_RUN_SENT);
    if (code == ERR_NONE && conn->tx != PG_TX_NONE)
        code = pg_files_queue(conn, prepared, &stmt->run, err);
    if (code == ERR_NONE && is_alone) // behind a sync: a run that fails must not take its end along
        code = pg_sync(conn, err);
    if (code == ERR_NONE && is_alone)
        code = pg_command(conn, "COMMIT", err);
    return code;
}

// What comes before a statement is queued.
static enum err_code make_ready(struct pg_stmt *stmt, const struct value *values, struct err *err)
{
    struct pg_conn *conn = stmt->conn;
    assert(stmt->run.state == PG_RUN_IDLE);
    enum err_code code = pg_check_alive(conn, err);
    if (code == ERR_NONE)
        code = pg_check_deadline(conn, err);
    if (code == ERR_NONE)
        code = pg_batch_finish(conn, err);
    if (code == ERR_NONE)
        code = pg_params_encode(&stmt->params, stmt->prepared->param_types, values, err);
    return code;
}

enum err_code pg_bind(struct store_stmt *base, const struct value *values, struct err *err)
{
    struct pg_stmt *stmt = pg_stmt(base);
    struct pg_conn *conn = stmt->conn;
    enum err_code code = make_ready(stmt, values, err);
    if (code == ERR_NONE)
        code = queue_run(stmt, err);
    if (code != ERR_NONE) {
        drop_run(stmt);
        return code;
    }
    stmt->run.row_count = 0;
    stmt->run.bound_ns = clock_monotonic_ns();
    pg_tx_sent(conn);
    conn->has_written = conn->has_written || conn->mode == STORE_WRITE; // a SELECT may call what writes
    conn->was_cancelled = false;
    return ERR_NONE;
}

// As a command of the driver's own, a failure of which is never passed over: what a run that nobody reads has
// failed with would be.
enum err_code pg_send(struct store_stmt *base, const struct value *values, struct err *err)
{
    struct pg_stmt *stmt = pg_stmt(base);
    struct pg_conn *conn = stmt->conn;
    assert(conn->tx != PG_TX_NONE && conn->mode == STORE_WRITE);
    enum err_code code = make_ready(stmt, values, err);
    if (code == ERR_NONE && conn->count >= PG_QUEUE / 2) // as pg_command
        code = pg_drain(conn, err);
    if (code == ERR_NONE)
        code = pg_prepared_queue(conn, stmt->prepared, err);
    if (code == ERR_NONE)
        code = queue_with_params(stmt, (struct pg_item){.kind = PG_COMMAND}, err);
    if (code != ERR_NONE)
        return code;
    pg_tx_sent(conn);
    conn->has_written = true;
    return ERR_NONE;
}

void pg_reset(struct store_stmt *base)
{
    struct pg_stmt *stmt = pg_stmt(base);
    PQclear(stmt->rows);
    stmt->rows = NULL;
    drop_run(stmt);
}
