// SPDX-License-Identifier: Apache-2.0
// The rows of a statement's run: taken from the link as they come, and their values. The connection's thread.
#include "store/postgresql/step.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/error.h"
#include "store/postgresql/files.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/run.h"
#include "store/postgresql/stmt.h"

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
