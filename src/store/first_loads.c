// SPDX-License-Identifier: Apache-2.0
// One small table, in SQL that every store understands. The loading itself is batch's business. On the
// connection's thread.
#include "store/first_loads.h"

static enum err_code make_table(struct store_conn *conn, struct err *err)
{
    return store_make_table(conn, "reckoner_loads",
        "CREATE TABLE IF NOT EXISTS reckoner_loads ("
        "endpoint text NOT NULL, file text NOT NULL, applied_at text NOT NULL, PRIMARY KEY (endpoint, file))",
        err);
}

// Runs `sql` with these three values; the first two are its parameters :endpoint and :file, and :now if it
// has that. *ret_row tells whether it gave a row.
static enum err_code run(struct store_conn *conn, const char *sql, const char *endpoint, const char *file,
    const char *now, bool *ret_row, struct err *err)
{
    const struct store_name params[] = {
        {.name = span_of("endpoint"), .type = TYPE_TEXT},
        {.name = span_of("file"), .type = TYPE_TEXT},
        {.name = span_of("now"), .type = TYPE_TEXT},
    };
    const struct value values[] = {
        {.kind = VALUE_TEXT, .text = span_of(endpoint)},
        {.kind = VALUE_TEXT, .text = span_of(file)},
        {.kind = VALUE_TEXT, .text = span_of(now)},
    };
    enum err_code code = make_table(conn, err);
    if (code != ERR_NONE)
        return code;
    struct store_stmt *stmt;
    code = store_prepare(conn, span_of(sql), params, ARRAY_LEN(params), &stmt, err);
    if (code != ERR_NONE)
        return code;
    code = store_bind(stmt, values, err);
    if (code == ERR_NONE)
        code = store_step(stmt, ret_row, err);
    store_finalize(stmt);
    return code;
}

enum err_code first_load_is_recorded(
    struct store_conn *conn, const char *endpoint, const char *file, bool *ret_recorded, struct err *err)
{
    return run(conn, "SELECT 1 FROM reckoner_loads WHERE endpoint = :endpoint AND file = :file", endpoint,
        file, "", ret_recorded, err);
}

enum err_code first_load_record(
    struct store_conn *conn, const char *endpoint, const char *file, const char *now, struct err *err)
{
    bool row;
    return run(conn,
        "INSERT INTO reckoner_loads (endpoint, file, applied_at) VALUES (:endpoint, :file, :now)", endpoint,
        file, now, &row, err);
}
