// SPDX-License-Identifier: Apache-2.0
// The statement is compiled once more, and SQLite names to the authorizer (permit.c) each function that it
// calls, in views too. Those that are known to go by their arguments alone are listed here; any other is a
// reason not to keep an answer. In generated columns, indexes and checks SQLite itself allows no others.
//
// The date functions go by their arguments unless one of them is 'now' or there is none, and that may be a
// parameter or a stored value. So they are watched at work: SQLite asks its VFS for the time, once in each
// run of a statement that needs it (vdbeapi.c: sqlite3StmtCurrentTime), and vfs.c counts that by thread.
// Words in the SQL that mean the time are looked for as well, so that the app's author hears of it
// beforehand. Local time is no matter: this process reads the rules of its zone once (localtime_r).
//
// The connection's thread.
#include "store/sqlite/calls.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/attr.h"
#include "base/span.h"
#include "store/sqlite/compile_again.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "store/sqlite/stmt.h"
#include "store/sqlite/vfs.h"
#include "text/sql_quote.h"
#include "text/sql_scan.h"

struct sqlite_calls {
    char other[64];  // the first function that is not known, cut; "": there is none
    bool uses_dates; // one of them is a date function
};

// Functions whose result is that of their arguments. Aggregates and window functions take their rows in an
// order that SQL leaves open where it does not say; each such result is a right one.
static const char *const pure[] = {"->", "->>", "abs", "acos", "acosh", "asin", "asinh", "atan", "atan2",
    "atanh", "avg", "bm25", "ceil", "ceiling", "char", "clock_in", "coalesce", "concat", "concat_ws", "cos",
    "cosh", "count", "cume_dist", "day_in", "decimal_of", "decimal_round", "degrees", "dense_rank",
    "distance_m", "exp", "first_value", "floor", "format", "glob", "group_concat", "hex", "highlight",
    "ifnull", "iif", "instr", "json", "json_array", "json_array_length", "json_error_position",
    "json_extract", "json_group_array", "json_group_object", "json_insert", "json_object", "json_patch",
    "json_pretty", "json_quote", "json_remove", "json_replace", "json_set", "json_type", "json_valid", "lag",
    "last_value", "lead", "length", "like", "likelihood", "likely", "ln", "log", "log10", "log2", "lower",
    "ltrim", "match", "matchinfo", "max", "min", "mod", "month_of", "nth_value", "ntile", "nullif",
    "octet_length", "offsets", "percent_rank", "pi", "pow", "power", "printf", "quote", "radians", "rank",
    "replace", "round", "row_number", "rtrim", "search_prefix", "search_terms", "sign", "sin", "sinh",
    "snippet", "soundex", "sqlite_source_id", "sqlite_version", "sqrt", "string_agg", "substr", "substring",
    "subtype", "sum", "tan", "tanh", "total", "trim", "trunc", "typeof", "unhex", "unicode", "unlikely",
    "upper", "week_of", "zeroblob"};

static const char *const dates[] = {
    "date", "datetime", "julianday", "strftime", "time", "timediff", "unixepoch"};

void sqlite_note_call(struct sqlite_calls *calls, const char *function)
{
    struct span name = span_of(function != NULL ? function : "?");
    if (sql_is_one_of(name, dates, ARRAY_LEN(dates)))
        calls->uses_dates = true;
    else if (calls->other[0] == '\0' && !sql_is_one_of(name, pure, ARRAY_LEN(pure)))
        snprintf(calls->other, sizeof(calls->other), "%.*s", (int)name.len, name.at);
}

static enum err_code collect(struct sqlite_stmt *stmt, struct sqlite_calls *calls, struct err *err)
{
    stmt->conn->calls = calls;
    enum err_code code = sqlite_compile_again(stmt, err);
    stmt->conn->calls = NULL;
    return code;
}

// --- the time

// Whether the SQL has the text 'now', or a date function without arguments.
static bool names_time(struct span sql)
{
    struct sql_scan scan;
    struct span call = {0}, before = {0}; // the token before the last one, and the last one
    sql_scan_init(&scan, sql, SQL_SQLITE);
    for (struct sql_token token = sql_scan_next_code(&scan); token.kind != SQL_END;
         token = sql_scan_next_code(&scan)) {
        bool is_empty_call = span_is(token.text, ")") && span_is(before, "(") &&
                             sql_is_one_of(sql_unquoted(call), dates, ARRAY_LEN(dates));
        if (is_empty_call || span_is_nocase(token.text, "'now'"))
            return true;
        call = before;
        before = token.text;
    }
    return false;
}

// The same of any view, as the date function may be called there.
static enum err_code views_name_time(struct sqlite_conn *conn, bool *ret_do, struct err *err)
{
    sqlite3_stmt *views = NULL;
    bool do_name = false;
    int result = sqlite3_prepare_v2(
        conn->db, "SELECT sql FROM main.sqlite_schema WHERE type = 'view'", -1, &views, NULL);
    while (result == SQLITE_OK && !do_name && (result = sqlite3_step(views)) == SQLITE_ROW) {
        const char *sql = (const char *)sqlite3_column_text(views, 0);
        do_name = sql != NULL && names_time(span_of(sql));
        result = SQLITE_OK;
    }
    enum err_code code = ERR_NONE;
    if (result != SQLITE_OK && result != SQLITE_DONE)
        code = sqlite_fail(conn, result, err);
    sqlite3_finalize(views);
    if (code == ERR_NONE)
        *ret_do = do_name;
    return code;
}

enum err_code sqlite_versions_miss(struct store_stmt *base, struct buf *why, struct err *err)
{
    struct sqlite_stmt *stmt = sqlite_stmt(base);
    struct sqlite_calls calls = {0};
    enum err_code code = sqlite_check_alive(stmt->conn, err);
    if (code == ERR_NONE)
        code = collect(stmt, &calls, err);
    bool asks = code == ERR_NONE && calls.uses_dates && names_time(span_of(sqlite3_sql(stmt->handle)));
    if (code == ERR_NONE && calls.uses_dates && !asks)
        code = views_name_time(stmt->conn, &asks, err);
    if (code != ERR_NONE)
        return code;
    if (calls.other[0] != '\0')
        buf_printf(why, "it calls %s()", calls.other);
    else if (asks)
        buf_append_str(why, "it asks for the time");
    return buf_status(why) == ERR_NONE ? ERR_NONE : err_no_memory(err);
}

void sqlite_forget_time(struct sqlite_conn *conn)
{
    conn->asked_time = sqlite_vfs_times_asked();
}

bool sqlite_has_asked_time(const struct sqlite_conn *conn)
{
    return conn->asked_time != sqlite_vfs_times_asked();
}

// SQLite compiles a statement anew by itself, in the first step after a change of the schema.
uint64_t sqlite_versions_schema(const struct store_stmt *base)
{
    const struct sqlite_stmt *stmt = (const struct sqlite_stmt *)base;
    return 1 + (uint64_t)sqlite3_stmt_status(stmt->handle, SQLITE_STMTSTATUS_REPREPARE, 0);
}
