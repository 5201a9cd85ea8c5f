// SPDX-License-Identifier: Apache-2.0
// One small table, in SQL that every store understands. The loading itself is batch's business. On the
// connection's thread.
#include "store/first_loads.h"

#include "base/attr.h"
#include "store/own_sql.h"

static enum err_code make_table(struct store_conn *conn, struct err *err)
{
    return store_make_table(conn, "reckoner_loads",
        "CREATE TABLE IF NOT EXISTS reckoner_loads ("
        "endpoint text NOT NULL, file text NOT NULL, applied_at text NOT NULL, PRIMARY KEY (endpoint, file))",
        err);
}

static enum err_code on_row(void *ctx, struct store_stmt *stmt, struct err *err)
{
    (void)stmt, (void)err;
    bool *is_there = ctx;
    *is_there = true;
    return ERR_NONE;
}

enum err_code first_load_is_recorded(
    struct store_conn *conn, const char *endpoint, const char *file, bool *ret_recorded, struct err *err)
{
    const struct own_param params[] = {
        own_text("endpoint", span_of(endpoint)), own_text("file", span_of(file))};
    bool is_there = false;
    enum err_code code = make_table(conn, err);
    if (code == ERR_NONE)
        code = own_run(conn, "SELECT 1 FROM reckoner_loads WHERE endpoint = :endpoint AND file = :file",
            params, ARRAY_LEN(params), on_row, &is_there, err);
    if (code == ERR_NONE)
        *ret_recorded = is_there;
    return code;
}

enum err_code first_load_record(
    struct store_conn *conn, const char *endpoint, const char *file, const char *now, struct err *err)
{
    const struct own_param params[] = {own_text("endpoint", span_of(endpoint)),
        own_text("file", span_of(file)), own_text("now", span_of(now))};
    enum err_code code = make_table(conn, err);
    if (code != ERR_NONE)
        return code;
    return own_run(conn,
        "INSERT INTO reckoner_loads (endpoint, file, applied_at) VALUES (:endpoint, :file, :now)", params,
        ARRAY_LEN(params), NULL, NULL, err);
}
