// SPDX-License-Identifier: Apache-2.0
// Statements: compiled, their parameters mapped once, then run. The connection's thread.
//
// Running is the hot path: bind, step and column add a pointer or two to what SQLite does itself.
#include "store/sqlite/stmt.h"

#include <assert.h>
#include <strings.h>

#include "base/mem.h"
#include "store/sqlite/compile.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "store/sqlite/permit.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/store.h"
#include "store/sqlite/virtual.h"
#include "text/sql_scan.h"

// --- compiling

// Where SQLite's parameter of that name stands; for a place in an error, so the start will do otherwise.
static size_t find_parameter(struct span sql, const char *name)
{
    struct sql_scan scan;
    sql_scan_init(&scan, sql, SQL_SQLITE);
    for (;;) {
        struct sql_token token = sql_scan_next(&scan);
        if (token.kind == SQL_END)
            return 0;
        if (token.kind == SQL_PARAMETER ? span_is(token.text, name) : token.text.at[0] == name[0])
            return token.offset;
    }
}

static enum err_code fail_parameter(struct span sql, const char *name, struct err *err)
{
    uint32_t line, column;
    sql_place(sql, find_parameter(sql, name), &line, &column);
    if (name[0] != ':')
        return err_set_at(
            err, ERR_CONFIG, line, column, "\"%.80s\" is not a parameter: write it as :name", name);
    return err_set_at(err, ERR_CONFIG, line, column, "\"%.80s\" is not declared", name);
}

// Finds each of SQLite's parameters among `params`.
static enum err_code map_params(struct sqlite_stmt *stmt, struct span sql, const struct store_name *params,
    size_t param_count, struct err *err)
{
    stmt->bound_count = (size_t)sqlite3_bind_parameter_count(stmt->handle);
    if (stmt->bound_count == 0)
        return ERR_NONE;
    assert(param_count <= UINT16_MAX); // LIMIT_PARAMS
    stmt->bound = mem_zalloc(stmt->bound_count, sizeof(*stmt->bound));
    if (stmt->bound == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < stmt->bound_count; i++) {
        const char *name = sqlite3_bind_parameter_name(stmt->handle, (int)i + 1);
        if (name == NULL || name[0] != ':') // none: "?", or a gap below "?7"
            return fail_parameter(sql, name != NULL ? name : "?", err);
        size_t found = 0;
        while (found < param_count && !span_is(params[found].name, name + 1))
            found++;
        if (found == param_count)
            return fail_parameter(sql, name, err);
        stmt->bound[i] = (uint16_t)found;
    }
    return ERR_NONE;
}

static bool is_boolean(const char *type)
{
    return type != NULL && (strcasecmp(type, "boolean") == 0 || strcasecmp(type, "bool") == 0);
}

static bool is_decimal(const char *type)
{
    return type != NULL && (strncasecmp(type, "decimal(", 8) == 0 || strncasecmp(type, "numeric(", 8) == 0);
}

// Copies the columns' names, as SQLite's own do not outlive a change of the schema.
static enum err_code copy_columns(struct sqlite_stmt *stmt, struct err *err)
{
    size_t count = (size_t)sqlite3_column_count(stmt->handle);
    stmt->base.columns = mem_zalloc(count, sizeof(*stmt->base.columns));
    if (stmt->base.columns == NULL)
        return err_no_memory(err);
    for (; stmt->base.column_count < count; stmt->base.column_count++) {
        const char *name = sqlite3_column_name(stmt->handle, (int)stmt->base.column_count);
        char *copy = name != NULL ? mem_strdup(name) : NULL;
        if (copy == NULL)
            return err_no_memory(err);
        const char *type = sqlite3_column_decltype(stmt->handle, (int)stmt->base.column_count);
        stmt->base.columns[stmt->base.column_count] = (struct store_column){
            .name = copy, .is_boolean = is_boolean(type), .is_scaled_decimal = is_decimal(type)};
    }
    return ERR_NONE;
}

// Compiles `sql`, which has to be one statement.
static enum err_code compile_one(
    struct sqlite_conn *conn, struct span sql, sqlite3_stmt **ret_handle, struct err *err)
{
    char *text = NULL;
    size_t end = 0;
    enum err_code code = sqlite_copy_text(sql, &text, err);
    if (code != ERR_NONE)
        return code;
    code = sqlite_compile(
        conn, ORIGIN_ENDPOINT, (struct span){.at = text, .len = sql.len}, &end, ret_handle, err);
    mem_free(text);
    if (code != ERR_NONE)
        return code;
    if (*ret_handle == NULL)
        return sqlite_fail_at(sql, 0, err, "there is no statement here");
    struct sql_token next = sqlite_first_token(sql, end);
    return next.kind == SQL_END ? ERR_NONE
                                : sqlite_fail_at(sql, next.offset, err, "only one statement can stand here");
}

enum err_code sqlite_prepare(struct store_conn *base, struct span sql, const struct store_name *params,
    size_t param_count, struct store_stmt **ret_stmt, struct err *err)
{
    struct sqlite_conn *conn = sqlite_conn(base);
    struct sqlite_stmt *stmt = mem_zalloc(1, sizeof(*stmt));
    if (stmt == NULL)
        return err_no_memory(err);
    store_stmt_init(&stmt->base, base);
    stmt->conn = conn;
    int result;
    conn->noting = &stmt->may_write;
    enum err_code code = compile_one(conn, sql, &stmt->handle, err);
    if (code == ERR_NONE)
        code = map_params(stmt, sql, params, param_count, err);
    if (code == ERR_NONE)
        code = copy_columns(stmt, err);
    if (code == ERR_NONE && (result = sqlite_upsert_init(conn, sql, &stmt->upsert)) != SQLITE_OK)
        code = sqlite_fail(conn, result, err);
    if (code == ERR_NONE && conn->prompt.is_meant)
        code = sqlite_refuse_virtual(&stmt->base, err);
    conn->noting = NULL;
    if (code != ERR_NONE) {
        sqlite_finalize(&stmt->base);
        return code;
    }
    stmt->base.writes = !sqlite3_stmt_readonly(stmt->handle);
    *ret_stmt = &stmt->base;
    return ERR_NONE;
}

void sqlite_finalize(struct store_stmt *base)
{
    struct sqlite_stmt *stmt = sqlite_stmt(base);
    sqlite3_finalize(stmt->handle);
    store_stmt_fini(base);
    mem_free(stmt->bound);
    sqlite_writes_fini(&stmt->may_write);
    mem_free(stmt);
}

// --- running

int sqlite_bind_value(sqlite3_stmt *handle, int number, const struct value *value)
{
    switch (value->kind) {
    case VALUE_INTEGER:
    case VALUE_SCALED:
        return sqlite3_bind_int64(handle, number, value->integer);
    case VALUE_REAL:
        return sqlite3_bind_double(handle, number, value->real);
    case VALUE_TEXT: // to SQLite, no address is a null
        return sqlite3_bind_text64(handle, number, value->text.at != NULL ? value->text.at : "",
            value->text.len, SQLITE_STATIC, SQLITE_UTF8);
    case VALUE_DECIMAL: // which no value of this store's is
    case VALUE_NULL:
        break;
    }
    return sqlite3_bind_null(handle, number);
}

enum err_code sqlite_bind(struct store_stmt *base, const struct value *values, struct err *err)
{
    struct sqlite_stmt *stmt = sqlite_stmt(base);
    stmt->run = RUN_BOUND;
    for (size_t i = 0; i < stmt->bound_count; i++) {
        int result = sqlite_bind_value(stmt->handle, (int)i + 1, &values[stmt->bound[i]]);
        if (result != SQLITE_OK)
            return sqlite_fail(stmt->conn, result, err);
    }
    return ERR_NONE;
}

// Whether the statement has the columns that it had when it was prepared; SQLite prepares it anew by itself,
// in the first step after a change of the schema.
static bool has_columns(const struct sqlite_stmt *stmt)
{
    if (sqlite3_stmt_status(stmt->handle, SQLITE_STMTSTATUS_REPREPARE, 0) == 0)
        return true;
    if ((size_t)sqlite3_column_count(stmt->handle) != stmt->base.column_count)
        return false;
    for (size_t i = 0; i < stmt->base.column_count; i++) {
        const char *name = sqlite3_column_name(stmt->handle, (int)i);
        if (name == NULL || strcmp(name, stmt->base.columns[i].name) != 0)
            return false;
    }
    return true;
}

// The first step of a statement that writes does all of its writing. SQLite may compile it anew before, after
// a change of the schema; then it may have other triggers.
static int step_first(struct sqlite_stmt *stmt)
{
    struct sqlite_conn *conn = stmt->conn;
    bool is_told = sqlite_tracks_start(&conn->tracks, &stmt->may_write);
    if (stmt->upsert.is_upsert)
        sqlite_twice_begin(conn, &stmt->upsert);
    if (is_told || stmt->upsert.is_upsert)
        sqlite_rows_tell(conn, true);
    conn->noting = &stmt->may_write;
    int result = sqlite3_step(stmt->handle);
    conn->noting = NULL;
    if (is_told || stmt->upsert.is_upsert)
        sqlite_rows_tell(conn, false);
    sqlite_twice_end(conn);
    sqlite_tracks_stop(&conn->tracks, &stmt->may_write);
    sqlite_writes_add_all(&conn->writes, &stmt->may_write);
    return result;
}

enum err_code sqlite_step(struct store_stmt *base, bool *ret_row, struct err *err)
{
    struct sqlite_stmt *stmt = sqlite_stmt(base);
    if (stmt->conn->tx == SQLITE_TX_LOST)
        return sqlite_check_alive(stmt->conn, err);
    bool writes_rows = stmt->upsert.is_upsert && stmt->run != RUN_STEPPED;
    int result =
        stmt->base.writes && stmt->run != RUN_STEPPED ? step_first(stmt) : sqlite3_step(stmt->handle);
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        return sqlite_fail_run(stmt->conn, result, err);
    if (writes_rows && stmt->conn->twice.out_of_memory)
        return err_no_memory(err);
    if (writes_rows && stmt->conn->twice.is_met)
        return sqlite_fail_twice(stmt->conn, err);
    if (stmt->run != RUN_STEPPED && !has_columns(stmt))
        return err_set(err, ERR_STALE, "the tables have changed under the statement: try again");
    stmt->run = RUN_STEPPED;
    *ret_row = result == SQLITE_ROW;
    return ERR_NONE;
}

static enum err_code column_text(
    struct sqlite_stmt *stmt, int column, struct value *ret_value, struct err *err)
{
    const void *text = sqlite3_column_text(stmt->handle, column);
    if (text == NULL) // the type was text, so this is the only reason
        return err_no_memory(err);
    size_t len = (size_t)sqlite3_column_bytes(stmt->handle, column);
    *ret_value = (struct value){.kind = VALUE_TEXT, .text = {.at = text, .len = len}};
    return ERR_NONE;
}

enum err_code sqlite_column(struct store_stmt *base, size_t column, struct value *ret_value, struct err *err)
{
    struct sqlite_stmt *stmt = sqlite_stmt(base);
    int at = (int)column;
    switch (sqlite3_column_type(stmt->handle, at)) {
    case SQLITE_INTEGER:
        *ret_value = (struct value){.kind = VALUE_INTEGER, .integer = sqlite3_column_int64(stmt->handle, at)};
        return ERR_NONE;
    case SQLITE_FLOAT:
        *ret_value = (struct value){.kind = VALUE_REAL, .real = sqlite3_column_double(stmt->handle, at)};
        return ERR_NONE;
    case SQLITE_TEXT:
        return column_text(stmt, at, ret_value, err);
    case SQLITE_NULL:
        *ret_value = (struct value){.kind = VALUE_NULL};
        return ERR_NONE;
    default:
        return err_set(err, ERR_STORE, "the column \"%.100s\" holds a blob, which cannot be answered as JSON",
            stmt->base.columns[column].name);
    }
}

void sqlite_reset(struct store_stmt *base)
{
    struct sqlite_stmt *stmt = sqlite_stmt(base);
    stmt->run = RUN_NONE;
    sqlite3_reset(stmt->handle); // its result is that of the step before, which has been told
}
