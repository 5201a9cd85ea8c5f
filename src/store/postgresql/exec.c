// SPDX-License-Identifier: Apache-2.0
// Scripts: statement by statement, so that each error has its place. The connection's thread.
//
// Outside of a transaction each statement is one of its own, in which the writers take turns too: two
// scripts that both make a table do not meet. Behind a script the tables that it may have made or changed are
// tracked (versions.c), in its transaction.
#include "store/postgresql/exec.h"

#include "base/mem.h"
#include "store/postgresql/batch.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/error.h"
#include "store/postgresql/permit.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/session.h"
#include "store/postgresql/sql.h"
#include "store/postgresql/store.h"
#include "store/postgresql/tx.h"
#include "store/postgresql/tracking.h"

// Inside of a transaction.
static enum err_code run(struct pg_conn *conn, struct span sql, struct span statement, struct err *err)
{
    PGresult *result = NULL;
    char *text = NULL;
    enum err_code code = pg_copy_text(statement, &text, err);
    if (code == ERR_NONE)
        code = pg_command_with(conn, text, 0, NULL, &result, err);
    mem_free(text);
    pg_tx_sent(conn);
    conn->has_written = true;
    struct err failure = {0};
    if (code == ERR_NONE && pg_drain(conn, &failure) != ERR_NONE)
        code = err_pass(err, &failure);
    if (code == ERR_NONE && PQresultStatus(result) != PGRES_COMMAND_OK &&
        PQresultStatus(result) != PGRES_TUPLES_OK)
        code = pg_fail_statement(conn, result, sql, (size_t)(statement.at - sql.at), false, err);
    PQclear(result);
    return code;
}

static enum err_code track(struct pg_conn *conn, struct err *err)
{
    const struct span sql = span_of("SELECT reckoner_track()");
    return conn->mode == STORE_WRITE ? run(conn, sql, sql, err) : ERR_NONE;
}

static enum err_code run_alone(struct pg_conn *conn, struct span sql, struct span statement, struct err *err)
{
    enum err_code code = pg_begin(&conn->base, err);
    if (code != ERR_NONE)
        return code;
    code = run(conn, sql, statement, err);
    if (code == ERR_NONE)
        code = track(conn, err);
    if (code == ERR_NONE)
        code = pg_commit(&conn->base, err);
    if (code != ERR_NONE)
        pg_rollback(&conn->base);
    return code;
}

enum err_code pg_script(struct pg_conn *conn, struct span sql, struct err *err)
{
    size_t start = 0;
    enum err_code code = pg_check_alive(conn, err);
    if (code == ERR_NONE)
        code = pg_check_deadline(conn, err);
    if (code == ERR_NONE)
        code = pg_batch_finish(conn, err);
    while (code == ERR_NONE) {
        struct span statement = pg_next_statement(sql, &start);
        if (statement.len == 0)
            return ERR_NONE;
        code = pg_permit_check(PG_ORIGIN_MIGRATION, sql, statement, err);
        if (code == ERR_NONE)
            code = conn->tx == PG_TX_NONE ? run_alone(conn, sql, statement, err)
                                          : run(conn, sql, statement, err);
    }
    return code;
}

enum err_code pg_exec(struct store_conn *base, struct span sql, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    enum err_code code = pg_script(conn, sql, err);
    if (code != ERR_NONE || !pg_tx_is_open(conn))
        return code;
    code = track(conn, err);
    if (code != ERR_NONE && err != NULL)
        err->line = err->column = 0; // it is of no place in the script
    return code;
}

// Autovacuum would come by itself, but only after a minute, and until then a new table has no statistics.
enum err_code pg_analyze(struct store_conn *base, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    const char *const params[] = {conn->store->name};
    PGresult *sql = NULL;
    enum err_code code = pg_check_alive(conn, err);
    if (code == ERR_NONE)
        code = pg_batch_finish(conn, err);
    if (code == ERR_NONE)
        code = pg_query(conn,
            "SELECT 'ANALYZE ' || pg_catalog.string_agg(c.oid::pg_catalog.regclass::text, ', ')"
            " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND c.relname NOT IN " PG_OWN_TABLES,
            1, params, &sql, err);
    if (code == ERR_NONE && !PQgetisnull(sql, 0, 0))
        code = run(conn, span_of(PQgetvalue(sql, 0, 0)), span_of(PQgetvalue(sql, 0, 0)), err);
    PQclear(sql);
    return code;
}
