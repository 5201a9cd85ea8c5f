// SPDX-License-Identifier: Apache-2.0
// Plans, asked of the server. The connection's thread; not for requests.
#include "store/postgresql/explain.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "store/postgresql/batch.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/prepared.h"
#include "store/postgresql/queue.h"
#include "store/postgresql/session.h"
#include "store/postgresql/stmt.h"
#include "store/postgresql/tx.h"

enum err_code pg_queue_plan(
    struct pg_stmt *stmt, const struct pg_params *params, PGresult **ret_plan, struct err *err)
{
    struct pg_conn *conn = stmt->conn;
    enum err_code code = ERR_NONE;
    pg_tx_sent(conn);
    if (conn->is_pooled && conn->mode == STORE_WRITE && conn->batch.state == PG_BATCH_UNKNOWN)
        code = pg_batch_make(conn, err);
    return code == ERR_NONE ? pg_prepared_explain(conn, stmt->prepared, params, ret_plan, err) : code;
}

static enum err_code ask_for_plan(struct pg_stmt *stmt, PGresult **ret_plan, struct err *err)
{
    struct pg_conn *conn = stmt->conn;
    bool is_alone = conn->tx == PG_TX_NONE;
    enum err_code code = is_alone ? pg_begin(&conn->base, err) : ERR_NONE;
    if (code != ERR_NONE)
        return code;
    code = pg_queue_plan(stmt, &stmt->params, ret_plan, err);
    if (code == ERR_NONE)
        code = pg_drain_rows(conn, ret_plan, err);
    if (is_alone)
        pg_rollback(&conn->base);
    return code;
}

static enum err_code count_rows(struct pg_conn *conn, struct span table, int64_t *ret_rows, struct err *err)
{
    AUTO(buf_fini) struct buf sql;
    PGresult *result = NULL;
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    buf_append_str(&sql, "SELECT count(*) FROM ");
    buf_append(&sql, table.at, table.len); // as the server has written it: with quotes where it needs them
    buf_append_byte(&sql, '\0');
    if (buf_status(&sql) != ERR_NONE)
        return err_no_memory(err);
    enum err_code code = pg_tx_query(conn, sql.data, 0, NULL, &result, err);
    if (code == ERR_NONE)
        *ret_rows = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return code;
}

// Whether the name, as the server has written it, leads to a table that can be counted: plans name tables
// without their schemas, and one in another schema is none of the app.
static enum err_code can_count(struct pg_conn *conn, struct span table, bool *ret_can, struct err *err)
{
    AUTO(buf_fini) struct buf name;
    PGresult *result = NULL;
    buf_init(&name, LIMIT_APP_FILE_BYTES);
    buf_append(&name, table.at, table.len);
    buf_append_byte(&name, '\0');
    if (buf_status(&name) != ERR_NONE)
        return err_no_memory(err);
    const char *const params[] = {name.data};
    enum err_code code = pg_tx_query(conn,
        "SELECT coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass($1), 'SELECT'), false)", 1,
        params, &result, err);
    if (code == ERR_NONE)
        *ret_can = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return code;
}

// The table of a line such as "->  Parallel Seq Scan on ports p"; false for any other line.
static bool scanned_table(const char *line, struct span *ret_table)
{
    static const char scan[] = "Seq Scan on ";
    const char *found = strstr(line, scan);
    if (found == NULL)
        return false;
    const char *name = found + sizeof(scan) - 1, *end = name;
    for (bool is_quoted = false; *end != '\0' && (is_quoted || *end != ' '); end++) {
        if (*end == '"')
            is_quoted = !is_quoted;
    }
    *ret_table = (struct span){.at = name, .len = (size_t)(end - name)};
    return true;
}

// How many rows a table has that a plan reads as a whole; `*ret_is_counted`: whether it is one that can be
// counted.
static enum err_code count_scanned(
    struct pg_conn *conn, struct span table, bool *ret_is_counted, int64_t *ret_rows, struct err *err)
{
    bool can = false;
    enum err_code code = can_count(conn, table, &can, err);
    if (code == ERR_NONE && can)
        code = count_rows(conn, table, ret_rows, err);
    *ret_is_counted = code == ERR_NONE && can;
    return code;
}

// `*counts`: whether tables are counted. Where one cannot be, as it is too large for the time that is left,
// the line says all else, and those behind it count nothing. In a transaction of the caller that is his
// failure, as it has ended the transaction.
static enum err_code tell_line(struct pg_conn *conn, const char *text, bool *counts,
    void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx, struct err *err)
{
    char table[200];
    size_t indent = strspn(text, " ");
    struct store_plan_line line = {.text = text + indent};
    if (span_starts_with(span_of(line.text), "->  "))
        line.text += 4;
    // The first line is at 0, those below it at "  ->  ", and the lines about a node two behind it.
    line.depth = indent == 0 ? 0 : (unsigned)(indent + 4) / 6;
    struct span name;
    bool is_whole = *counts && scanned_table(line.text, &name) && !span_is(name, "batch");
    if (is_whole) {
        struct err uncounted = {0};
        bool is_alone = conn->tx == PG_TX_NONE;
        enum err_code code =
            count_scanned(conn, name, &is_whole, &line.table_rows, is_alone ? &uncounted : err);
        if (code != ERR_NONE && !is_alone)
            return code;
        *counts = code == ERR_NONE;
    }
    if (is_whole) {
        if (name.len > 1 && name.at[0] == '"')
            name = (struct span){.at = name.at + 1, .len = name.len - 2};
        snprintf(table, sizeof(table), "%.*s", (int)name.len, name.at);
        line.read_whole = table;
    }
    on_line(ctx, &line);
    return ERR_NONE;
}

enum err_code pg_explain(struct store_stmt *base,
    void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx, struct err *err)
{
    struct pg_stmt *stmt = pg_stmt(base);
    struct pg_conn *conn = stmt->conn;
    PGresult *result = NULL;
    bool counts = true;
    enum err_code code = pg_check_alive(conn, err);
    if (code == ERR_NONE)
        code = pg_batch_finish(conn, err);
    if (code == ERR_NONE)
        code = ask_for_plan(stmt, &result, err);
    for (int i = 0; code == ERR_NONE && i < PQntuples(result); i++)
        code = tell_line(conn, PQgetvalue(result, i, 0), &counts, on_line, ctx, err);
    PQclear(result);
    return code;
}

// Queues EXPLAIN of the statement that is prepared in the session, with a plan that has $1 … for parameters.
static enum err_code queue_any_plan(struct pg_stmt *stmt, PGresult **ret_plan, struct err *err)
{
    struct pg_conn *conn = stmt->conn;
    const struct pg_prepared *prepared = stmt->prepared;
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    buf_printf(&sql, "EXPLAIN (COSTS OFF) EXECUTE %s", prepared->name);
    for (size_t i = 0; i < prepared->param_count; i++)
        buf_printf(&sql, "%sNULL", i == 0 ? "(" : ", ");
    buf_append_str(&sql, prepared->param_count > 0 ? ")" : "");
    buf_append_byte(&sql, '\0');
    if (buf_status(&sql) != ERR_NONE)
        return err_no_memory(err);
    enum err_code code = pg_command(conn, "SET LOCAL plan_cache_mode TO force_generic_plan", err);
    return code == ERR_NONE ? pg_command_with(conn, sql.data, 0, NULL, ret_plan, err) : code;
}

enum err_code pg_explain_any(struct store_stmt *base,
    void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx, struct err *err)
{
    struct pg_stmt *stmt = pg_stmt(base);
    struct pg_conn *conn = stmt->conn;
    PGresult *result = NULL;
    bool counts = true;
    assert(conn->tx == PG_TX_NONE && stmt->run.state == PG_RUN_IDLE);
    enum err_code code = pg_check_alive(conn, err);
    if (code == ERR_NONE && (conn->is_pooled || stmt->prepared->session != conn->session))
        return err_set(err, ERR_STORE, "no plan: the server has not prepared the statement in this session");
    if (code == ERR_NONE)
        code = pg_batch_finish(conn, err);
    if (code == ERR_NONE)
        code = pg_begin(&conn->base, err);
    if (code == ERR_NONE)
        code = queue_any_plan(stmt, &result, err);
    if (code == ERR_NONE)
        code = pg_drain_rows(conn, &result, err);
    pg_rollback(&conn->base);
    for (int i = 0; code == ERR_NONE && i < PQntuples(result); i++)
        code = tell_line(conn, PQgetvalue(result, i, 0), &counts, on_line, ctx, err);
    PQclear(result);
    return code;
}
