// SPDX-License-Identifier: Apache-2.0
// Statements: checked, translated and prepared once for each session, then run. The connection's thread.
//
// Running is the hot path. Binding only queues; the first step sends all that is queued and waits. So several
// statements that are bound before the first of them is stepped cost one round trip together, and are best
// stepped in the order in which they were bound.
//
// Through a pooler nothing can be prepared for longer than a transaction: the text is sent with each run.
#include "store/postgresql/stmt.h"

#include <assert.h>
#include <stdio.h>

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

static void free_copies(struct pg_stmt *stmt)
{
    for (size_t i = 0; stmt->param_copies != NULL && i < stmt->prepared->param_count; i++) {
        mem_free(stmt->param_copies[i]);
        stmt->param_copies[i] = NULL;
    }
}

void pg_finalize(struct store_stmt *base)
{
    struct pg_stmt *stmt = pg_stmt(base);
    pg_reset(base);
    free_copies(stmt);
    pg_prepared_leave(stmt->conn, stmt->prepared);
    for (size_t i = 0; i < stmt->base.column_count; i++)
        pg_room_fini(&stmt->columns[i].room);
    store_stmt_fini(base);
    mem_free(stmt->columns);
    mem_free(stmt->params);
    mem_free(stmt->param_values);
    mem_free(stmt->param_lengths);
    mem_free(stmt->param_formats);
    mem_free(stmt->param_texts);
    mem_free(stmt->param_copies);
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

static enum err_code make_params(struct pg_stmt *stmt, const uint16_t *numbers, size_t count,
    const struct store_name *params, struct err *err)
{
    stmt->params = mem_zalloc(count, sizeof(*stmt->params));
    stmt->param_values = mem_zalloc(count, sizeof(*stmt->param_values));
    stmt->param_lengths = mem_zalloc(count, sizeof(*stmt->param_lengths));
    stmt->param_formats = mem_zalloc(count, sizeof(*stmt->param_formats));
    stmt->param_texts = mem_zalloc(count, sizeof(*stmt->param_texts));
    stmt->param_copies = mem_zalloc(count, sizeof(*stmt->param_copies));
    if (stmt->params == NULL || stmt->param_values == NULL || stmt->param_lengths == NULL ||
        stmt->param_formats == NULL || stmt->param_texts == NULL || stmt->param_copies == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < count; i++) {
        stmt->params[i] = numbers[i];
        stmt->prepared->param_types[i] = type_of_param(&params[numbers[i]]);
    }
    return ERR_NONE;
}

static enum err_code translate(struct pg_stmt *stmt, struct span sql, struct span statement,
    const struct store_name *params, size_t param_count, struct err *err)
{
    uint16_t numbers[LIMIT_PG_PARAMS];
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
    return code == ERR_NONE ? make_params(stmt, numbers, count, params, err) : code;
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

// libpq reads a value in text form up to a NUL, and a value of ours need not have one behind it.
static enum err_code end_with_nul(struct pg_stmt *stmt, size_t i, struct span bytes, struct err *err)
{
    if (memchr(bytes.at, '\0', bytes.len) != NULL)
        return err_set(err, ERR_STORE, "a text with a NUL byte is no value of the store's");
    stmt->param_copies[i] = mem_strndup(bytes.at, bytes.len);
    if (stmt->param_copies[i] == NULL)
        return err_no_memory(err);
    stmt->param_values[i] = stmt->param_copies[i];
    return ERR_NONE;
}

static enum err_code encode_params(struct pg_stmt *stmt, const struct value *values, struct err *err)
{
    const Oid *types = stmt->prepared->param_types;
    free_copies(stmt);
    for (size_t i = 0; i < stmt->prepared->param_count; i++) {
        const struct value *value = &values[stmt->params[i]];
        struct span bytes = {0};
        bool is_binary = true;
        if (value->kind != VALUE_NULL) {
            enum err_code code = pg_encode(types[i], value, stmt->param_texts[i], &bytes, &is_binary, err);
            if (code != ERR_NONE)
                return code;
        }
        stmt->param_values[i] = value->kind != VALUE_NULL ? bytes.at : NULL;
        stmt->param_lengths[i] = (int)bytes.len;
        stmt->param_formats[i] = is_binary;
        enum err_code code = is_binary ? ERR_NONE : end_with_nul(stmt, i, bytes, err);
        if (code != ERR_NONE)
            return code;
    }
    return ERR_NONE;
}

// Ends the run, whatever state it is in. The driver throws away the results that are still to come.
static void drop_run(struct pg_stmt *stmt)
{
    if (stmt->run.state == PG_RUN_SENT)
        pg_disown_run(stmt->conn, &stmt->run);
    pg_run_reset(&stmt->run);
}

// Queues the statement with the values that encode_params has left.
static enum err_code queue_with_params(struct pg_stmt *stmt, struct pg_item item, struct err *err)
{
    const struct pg_conn *conn = stmt->conn;
    const struct pg_prepared *prepared = stmt->prepared;
    int count = (int)prepared->param_count;
    int sent = conn->is_pooled ? PQsendQueryParams(conn->link, prepared->sql, count, prepared->param_types,
                                     stmt->param_values, stmt->param_lengths, stmt->param_formats, 1)
                               : PQsendQueryPrepared(conn->link, prepared->name, count, stmt->param_values,
                                     stmt->param_lengths, stmt->param_formats, 1);
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
    return code == ERR_NONE ? encode_params(stmt, values, err) : code;
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

// The next of the run's results; NULL at their end.
static enum err_code take_result(struct pg_stmt *stmt, PGresult **ret_result, struct err *err)
{
    struct pg_conn *conn = stmt->conn;
    struct pg_run *run = &stmt->run;
    enum err_code code = ERR_NONE;
    if (conn->is_unsent)
        code = pg_flush(conn, err);
    PGresult *result = code == ERR_NONE ? pg_run_take(run) : NULL;
    if (code == ERR_NONE && result == NULL && run->state == PG_RUN_SENT) {
        code = pg_drain_until(conn, run, err);
        result = code == ERR_NONE ? pg_run_take(run) : NULL;
    }
    if (code != ERR_NONE)
        return code;
    *ret_result = result;
    if (result != NULL)
        return ERR_NONE;
    if (run->state == PG_RUN_SENT)
        return pg_next_result(conn, ret_result, err);
    bool is_lost = run->state == PG_RUN_CUT || conn->link == NULL; // the session may be another one by now
    return is_lost ? pg_fail_link(NULL, ERR_BUSY, err) : ERR_NONE;
}

static enum err_code fail_stale(struct err *err)
{
    return err_set(err, ERR_STALE, "the tables have changed under the statement: try again");
}

static enum err_code fail_run(struct pg_stmt *stmt, PGresult *result, struct err *err)
{
    struct pg_conn *conn = stmt->conn;
    struct err cause = {0};
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
    // What the statement was prepared for is no more: gone from the session, or other columns ("cached plan
    // must not change result type", the only one of its kind that comes from there).
    bool is_gone = state != NULL && strcmp(state, "26000") == 0;
    bool is_stale = is_gone || (state != NULL && strcmp(state, "0A000") == 0 && function != NULL &&
                                   strcmp(function, "RevalidateCachedQuery") == 0);
    if (pg_tx_has_failed(conn) && conn->failure.code == ERR_BEHIND) {
        err_pass(&cause, &conn->failure);
    } else if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED) {
        err_set(&cause, ERR_BUSY, "a statement before it has failed");
    } else if (is_stale && !conn->is_pooled) {
        if (is_gone) // else the server keeps it until it is told otherwise
            stmt->prepared->session = 0;
        fail_stale(&cause);
    } else {
        pg_fail_run(conn, result, &cause);
    }
    pg_fail_tx(conn, &cause);
    return err_pass(err, &cause);
}

// Outside of a transaction the statement is one, which has to be on disk before its end is told.
static enum err_code end_run(struct pg_stmt *stmt, struct err *err)
{
    struct pg_run *run = &stmt->run;
    pg_run_move(run, PG_RUN_TAKEN);
    run->is_small = stmt->conn->mode == STORE_READ && !run->was_large && run->row_count <= PG_SMALL_ROWS;
    return stmt->conn->tx == PG_TX_NONE ? pg_drain(stmt->conn, err) : ERR_NONE;
}

// Whether the result has the columns that the statement had when it was prepared; it may have been prepared
// for another session since then, or for each run. A reader's have to be of the same types, too: those of a
// page's keys come from them. A writer's batch may have a row type that is a new one in each transaction.
static bool has_columns(const struct pg_stmt *stmt, const PGresult *result)
{
    if ((size_t)PQnfields(result) != stmt->base.column_count)
        return false;
    for (size_t i = 0; i < stmt->base.column_count; i++) {
        if (strcmp(PQfname(result, (int)i), stmt->base.columns[i].name) != 0)
            return false;
        if (stmt->conn->mode == STORE_READ && PQftype(result, (int)i) != stmt->columns[i].type)
            return false;
    }
    return true;
}

// The run's first result: of which columns, and whether it has come quickly.
static enum err_code start_answer(struct pg_stmt *stmt, const PGresult *result, struct err *err)
{
    struct pg_run *run = &stmt->run;
    if (run->bound_ns == 0)
        return ERR_NONE;
    run->is_quick = clock_monotonic_ns() - run->bound_ns < LIMIT_QUICK_MS * NS_PER_MS;
    run->bound_ns = 0;
    ExecStatusType status = PQresultStatus(result);
    bool has_rows = status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK;
    return has_rows && !has_columns(stmt, result) ? fail_stale(err) : ERR_NONE;
}

// Before the first row of a run is given out, its second result is fetched: mostly that is its end, and then
// it is known whether its tables were those of its snapshot, even if nobody asks for a further row.
static enum err_code look_ahead(struct pg_stmt *stmt, struct err *err)
{
    struct pg_run *run = &stmt->run;
    PGresult *next = NULL;
    if (run->state != PG_RUN_SENT || run->row_count > 0 || run->parked_first < run->parked_count)
        return ERR_NONE;
    enum err_code code = pg_next_result(stmt->conn, &next, err);
    return code == ERR_NONE && next != NULL ? pg_run_park(run, next, err) : code;
}

// As soon as all of the run has come.
static enum err_code check_files(struct pg_stmt *stmt, struct err *err)
{
    struct err cause = {0};
    if (stmt->prepared->files_sql == NULL)
        return ERR_NONE;
    enum err_code code = look_ahead(stmt, &cause);
    if (code == ERR_NONE && stmt->run.state == PG_RUN_COME)
        code = pg_files_check(stmt->conn, &stmt->run, &cause);
    if (code == ERR_NONE)
        return ERR_NONE;
    pg_fail_tx(stmt->conn, &cause);
    return err_pass(err, &cause);
}

enum err_code pg_step(struct store_stmt *base, bool *ret_row, struct err *err)
{
    struct pg_stmt *stmt = pg_stmt(base);
    if (stmt->rows != NULL && ++stmt->row < PQntuples(stmt->rows)) {
        *ret_row = true;
        return ERR_NONE;
    }
    PQclear(stmt->rows);
    stmt->rows = NULL;
    while (stmt->run.state != PG_RUN_IDLE && stmt->run.state != PG_RUN_TAKEN) {
        PGresult *result = NULL;
        enum err_code code = take_result(stmt, &result, err);
        if (code == ERR_NONE && result == NULL)
            code = check_files(stmt, err);
        if (code == ERR_NONE && result == NULL)
            code = end_run(stmt, err);
        if (code != ERR_NONE)
            return code;
        if (result == NULL)
            break;
        code = start_answer(stmt, result, err);
        if (code == ERR_NONE)
            code = check_files(stmt, err);
        if (code != ERR_NONE) {
            PQclear(result);
            return code;
        }
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_FATAL_ERROR || status == PGRES_PIPELINE_ABORTED) {
            code = fail_run(stmt, result, err);
            PQclear(result);
            return code;
        }
        if (PQntuples(result) > 0) {
            if (stmt->run.row_count <= PG_SMALL_ROWS)
                stmt->run.row_count += (unsigned)PQntuples(result);
            stmt->rows = result;
            stmt->row = 0;
            *ret_row = true;
            return ERR_NONE;
        }
        PQclear(result);
    }
    *ret_row = false;
    return ERR_NONE;
}

// A value of the current row.
static enum err_code get_value(
    struct store_stmt *base, size_t column, enum pg_as as, struct value *ret_value, struct err *err)
{
    struct pg_stmt *stmt = pg_stmt(base);
    int at = (int)column;
    if (PQgetisnull(stmt->rows, stmt->row, at)) {
        *ret_value = (struct value){.kind = VALUE_NULL};
        return ERR_NONE;
    }
    const struct pg_cell cell = {
        .type = PQftype(stmt->rows, at),
        .bytes = {.at = PQgetvalue(stmt->rows, stmt->row, at),
            .len = (size_t)PQgetlength(stmt->rows, stmt->row, at)},
        .name = base->columns[column].name,
        .room = &stmt->columns[column].room,
        .as = as,
    };
    return pg_decode(&cell, ret_value, err);
}

enum err_code pg_column(struct store_stmt *base, size_t column, struct value *ret_value, struct err *err)
{
    return get_value(base, column, PG_AS_SHOWN, ret_value, err);
}

enum err_code pg_column_micros(
    struct store_stmt *base, size_t column, struct value *ret_value, struct err *err)
{
    return get_value(base, column, PG_AS_MICROS, ret_value, err);
}

enum err_code pg_key(struct store_stmt *base, size_t column, struct value *ret_value, struct err *err)
{
    return get_value(base, column, PG_AS_KEY, ret_value, err);
}

void pg_reset(struct store_stmt *base)
{
    struct pg_stmt *stmt = pg_stmt(base);
    PQclear(stmt->rows);
    stmt->rows = NULL;
    drop_run(stmt);
}
