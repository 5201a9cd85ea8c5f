// SPDX-License-Identifier: Apache-2.0
// Scripts: statements of a migration, one after the other. The connection's thread.
#include "store/sqlite/script.h"

#include "base/mem.h"
#include "store/sqlite/compile.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"

// Runs a script's statement, which stands at `offset`, to its end.
static enum err_code run_script_statement(
    struct sqlite_conn *conn, sqlite3_stmt *handle, struct span sql, size_t offset, struct err *err)
{
    if (sqlite3_bind_parameter_count(handle) > 0)
        return sqlite_fail_at(sql, offset, err, "a script has no parameters");
    int result;
    do
        result = sqlite3_step(handle);
    while (result == SQLITE_ROW);
    if (result == SQLITE_DONE)
        return ERR_NONE;
    struct err cause = {0};
    uint32_t line, column;
    enum err_code code = sqlite_fail(conn, result, &cause);
    sql_place(sql, offset, &line, &column);
    err_set_at(err, code, line, column, "%s", cause.text);
    err_hint(err, "%s", cause.hint);
    return code;
}

enum err_code sqlite_exec(struct store_conn *base, struct span sql, struct err *err)
{
    struct sqlite_conn *conn = sqlite_conn(base);
    char *text = NULL;
    enum err_code code = sqlite_copy_text(sql, &text, err);
    if (code != ERR_NONE)
        return code;
    struct span script = {.at = text, .len = sql.len};
    size_t start = 0;
    code = sqlite_check_alive(conn, err);
    while (code == ERR_NONE && start < script.len) {
        size_t offset = sqlite_first_token(script, start).offset;
        sqlite3_stmt *handle;
        code = sqlite_compile(conn, ORIGIN_MIGRATION, script, &start, &handle, err);
        if (code == ERR_NONE && handle != NULL)
            code = run_script_statement(conn, handle, script, offset, err);
        if (code == ERR_NONE)
            code = sqlite_check_alive(conn, err); // a ROLLBACK in a trigger is no error
        sqlite3_finalize(handle);
    }
    mem_free(text);
    return code;
}
