// SPDX-License-Identifier: Apache-2.0
// Drops what the schema table lists, one by one in the caller's transaction, so that other connections see
// all of it or nothing. The order spares what goes along with something else: the shadow tables of a virtual
// table (FTS5, R*Tree), indexes and triggers. The connection's thread.
#include "store/sqlite/empty.h"

#include "base/limits.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "text/sql_quote.h"

static const char first_sql[] = "SELECT type, name FROM sqlite_schema "
                                "WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
                                "ORDER BY type = 'view' DESC, sql LIKE 'CREATE VIRTUAL %' DESC LIMIT 1";

// Writes the statement that drops what has to go first; none when nothing is left.
static enum err_code write_drop(
    struct sqlite_conn *conn, sqlite3_stmt *first, struct buf *sql, struct err *err)
{
    enum err_code code = ERR_NONE;
    buf_clear(sql);
    int result = sqlite3_step(first);
    if (result == SQLITE_ROW) {
        const char *type = (const char *)sqlite3_column_text(first, 0);
        const char *name = (const char *)sqlite3_column_text(first, 1);
        buf_printf(sql, "DROP %s ", type != NULL ? type : "");
        sql_append_name(sql, span_of(name != NULL ? name : ""));
        buf_append_byte(sql, '\0');
        if (type == NULL || name == NULL || buf_status(sql) != ERR_NONE)
            code = err_no_memory(err);
    } else if (result != SQLITE_DONE) {
        code = sqlite_fail(conn, result, err);
    }
    sqlite3_reset(first);
    return code;
}

static enum err_code drop_all(struct sqlite_conn *conn, sqlite3_stmt *first, struct err *err)
{
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    enum err_code code;
    while ((code = write_drop(conn, first, &sql, err)) == ERR_NONE && sql.len > 0) {
        int result = sqlite3_exec(conn->db, sql.data, NULL, NULL, NULL);
        if (result != SQLITE_OK)
            return sqlite_fail(conn, result, err);
    }
    return code;
}

enum err_code sqlite_empty(struct store_conn *base, struct err *err)
{
    struct sqlite_conn *conn = sqlite_conn(base);
    sqlite3_stmt *first;
    enum err_code code = sqlite_check_alive(conn, err);
    if (code != ERR_NONE)
        return code;
    int result = sqlite3_prepare_v2(conn->db, first_sql, -1, &first, NULL);
    if (result != SQLITE_OK)
        return sqlite_fail(conn, result, err);
    // Otherwise each row of a dropped table is looked up in those that refer to it.
    sqlite3_db_config(conn->db, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL);
    code = drop_all(conn, first, err);
    sqlite3_db_config(conn->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    sqlite3_finalize(first);
    return code;
}
