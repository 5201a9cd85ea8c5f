// SPDX-License-Identifier: Apache-2.0
// A statement is prepared for each run: these run seldom, or take many rows at once. On the connection's
// thread.
#include "access/own_sql.h"

#include <assert.h>

static enum err_code run_rows(struct store_stmt *stmt,
    enum err_code (*on_row)(void *ctx, struct store_stmt *stmt, struct err *err), void *ctx, struct err *err)
{
    for (;;) {
        bool is_row = false;
        enum err_code code = store_step(stmt, &is_row, err);
        if (code != ERR_NONE || !is_row)
            return code;
        code = on_row != NULL ? on_row(ctx, stmt, err) : ERR_NONE;
        if (code != ERR_NONE)
            return code;
    }
}

enum err_code own_run(struct store_conn *conn, const char *sql, const struct own_param *params, size_t count,
    enum err_code (*on_row)(void *ctx, struct store_stmt *stmt, struct err *err), void *ctx, struct err *err)
{
    struct store_name names[OWN_SQL_PARAMS];
    struct value values[OWN_SQL_PARAMS];
    struct store_stmt *stmt = NULL;
    assert(count <= OWN_SQL_PARAMS);
    for (size_t i = 0; i < count; i++) {
        bool is_text = params[i].value.kind == VALUE_TEXT;
        names[i] =
            (struct store_name){.name = span_of(params[i].name), .type = is_text ? TYPE_TEXT : TYPE_INTEGER};
        values[i] = params[i].value;
    }
    enum err_code code = store_prepare(conn, span_of(sql), names, count, &stmt, err);
    if (code == ERR_NONE)
        code = store_bind(stmt, values, err);
    if (code == ERR_NONE)
        code = run_rows(stmt, on_row, ctx, err);
    store_finalize(stmt);
    return code;
}

enum err_code own_column_integer(
    struct store_stmt *stmt, size_t column, int64_t null, int64_t *ret_integer, struct err *err)
{
    struct value value = {0};
    enum err_code code = store_column(stmt, column, &value, err);
    if (code != ERR_NONE)
        return code;
    if (value.kind != VALUE_INTEGER && value.kind != VALUE_NULL)
        return err_set(
            err, ERR_STORE, "%s in a table of Reckoner's is no integer", store_column_name(stmt, column));
    *ret_integer = value.kind == VALUE_INTEGER ? value.integer : null;
    return ERR_NONE;
}

enum err_code own_column_text(
    struct store_stmt *stmt, size_t column, struct arena *arena, struct span *ret_text, struct err *err)
{
    struct value value = {0};
    enum err_code code = store_column(stmt, column, &value, err);
    if (code != ERR_NONE)
        return code;
    if (value.kind != VALUE_TEXT)
        return err_set(
            err, ERR_STORE, "%s in a table of Reckoner's is no text", store_column_name(stmt, column));
    char *at = arena_strndup(arena, value.text.at, value.text.len);
    if (at == NULL)
        return err_no_memory(err);
    *ret_text = (struct span){.at = at, .len = value.text.len};
    return ERR_NONE;
}
