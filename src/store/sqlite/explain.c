// SPDX-License-Identifier: Apache-2.0
// The plan of a statement, line by line, with the tables that it reads as a whole. The connection's thread.
//
// EXPLAIN QUERY PLAN makes each of its lines from an instruction in the program that does nothing; the line's
// number is the instruction's address. EXPLAIN lists the same program without these instructions, so a line's
// address there is its number less the count of the lines before it. The loop of a SCAN begins at that
// address, and before the address of the next line.
//
// A SCAN visits every row of its table, or every entry of an index of it, unless a LIMIT ends it early. Then:
// - a walk along an index is taken for one in the order that was asked for, and is not reported;
// - a walk over the table without a condition is not reported;
// - a walk over the table in search of rows that meet a condition is reported, as there may be none.
#include "store/sqlite/explain.h"

#include "base/mem.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "store/sqlite/program.h"
#include "store/sqlite/stmt.h"
#include "text/sql_quote.h"
#include "text/sql_scan.h"

enum {
    MAX_DEPTH = 32, // lines further in are not indented more
};

struct plan_line {
    char *text;     // owned
    size_t address; // of the instruction behind it
    unsigned depth; // as in struct store_plan_line
};

struct plan_lines {
    struct plan_line *lines; // owned
    size_t count;            // of them
    size_t room;             // for so many
    int path[MAX_DEPTH];     // numbers of the line before and of those that it is in
    unsigned path_len;       // of them
};

static void plan_lines_fini(struct plan_lines *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        mem_free(plan->lines[i].text);
    mem_free(plan->lines);
}

static enum err_code count_rows(
    struct sqlite_conn *conn, const char *table, int64_t *ret_rows, struct err *err)
{
    sqlite3_stmt *count = NULL;
    char *sql = sqlite3_mprintf("SELECT count(*) FROM main.\"%w\"", table);
    if (sql == NULL)
        return err_no_memory(err);
    int result = sqlite3_prepare_v2(conn->db, sql, -1, &count, NULL);
    sqlite3_free(sql);
    if (result == SQLITE_OK)
        result = sqlite3_step(count);
    enum err_code code = result == SQLITE_ROW ? ERR_NONE : sqlite_fail(conn, result, err);
    if (code == ERR_NONE)
        *ret_rows = sqlite3_column_int64(count, 0);
    sqlite3_finalize(count);
    return code;
}

// How far in a line is, which is part of the line `parent`.
static unsigned depth_of(struct plan_lines *plan, int number, int parent)
{
    while (plan->path_len > 0 && plan->path[plan->path_len - 1] != parent)
        plan->path_len--;
    unsigned depth = plan->path_len;
    if (depth < MAX_DEPTH)
        plan->path[plan->path_len++] = number;
    return depth;
}

static enum err_code on_plan_row(void *ctx, sqlite3_stmt *row, struct err *err)
{
    struct plan_lines *plan = ctx;
    struct plan_line *lines = mem_grow(plan->lines, plan->count, &plan->room, sizeof(*lines));
    if (lines == NULL)
        return err_no_memory(err);
    plan->lines = lines;
    int number = sqlite3_column_int(row, 0);
    const char *text = (const char *)sqlite3_column_text(row, 3);
    struct plan_line line = {.address = (size_t)number - plan->count};
    line.text = text != NULL ? mem_strdup(text) : NULL;
    if (line.text == NULL)
        return err_no_memory(err);
    line.depth = depth_of(plan, number, sqlite3_column_int(row, 1));
    plan->lines[plan->count++] = line;
    return ERR_NONE;
}

// What line `i` visits as a whole: the opening of it, or NULL.
static const struct sqlite_op *find_scan(
    const struct sqlite_program *program, const struct plan_lines *plan, size_t i)
{
    const char *text = plan->lines[i].text;
    if (!span_starts_with(span_of(text), "SCAN "))
        return NULL;
    size_t end = i + 1 < plan->count ? plan->lines[i + 1].address : program->count;
    bool is_ordered = strstr(text, " INDEX ") != NULL;
    return sqlite_program_scan(program, plan->lines[i].address, end, is_ordered);
}

static enum err_code tell_line(struct sqlite_conn *conn, const struct plan_line *of,
    const struct sqlite_op *scan, void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx,
    struct err *err)
{
    struct store_plan_line line = {.depth = of->depth, .text = of->text};
    char *table = NULL;
    enum err_code code = scan != NULL ? sqlite_op_table(conn, scan, &table, err) : ERR_NONE;
    struct err uncounted = {0}; // a table that is too large to be counted in time: the line says all else
    if (code == ERR_NONE && table != NULL &&
        count_rows(conn, table, &line.table_rows, &uncounted) == ERR_NONE)
        line.read_whole = table;
    if (code == ERR_NONE)
        on_line(ctx, &line);
    mem_free(table);
    return code;
}

enum err_code sqlite_explain(struct store_stmt *base,
    void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx, struct err *err)
{
    struct sqlite_stmt *stmt = sqlite_stmt(base);
    AUTO(sqlite_program_fini) struct sqlite_program program = {0};
    AUTO(plan_lines_fini) struct plan_lines plan = {0};
    enum err_code code = sqlite_check_alive(stmt->conn, err);
    if (code == ERR_NONE)
        code = sqlite_program_read(stmt, &program, err);
    if (code == ERR_NONE && program.count > 0) // an EXPLAIN has no plan
        code = sqlite_rows_of(stmt, "EXPLAIN QUERY PLAN ", on_plan_row, &plan, err);
    for (size_t i = 0; i < plan.count && code == ERR_NONE; i++)
        code = tell_line(stmt->conn, &plan.lines[i], find_scan(&program, &plan, i), on_line, ctx, err);
    return code;
}

// --- unique keys

// The columns of each unique key of a table, and whether they take no nulls: one row a column, key by key.
// SQLite lets nulls into a primary key unless it is an INTEGER PRIMARY KEY, for compatibility with its own
// old versions; such a key counts as one without nulls, as its author meant it.
static const char KEYS[] =
    "SELECT k.seq, c.name, c.\"notnull\" OR c.pk FROM pragma_index_list(?1, 'main') k, "
    "pragma_index_info(k.name, 'main') i LEFT JOIN pragma_table_info(?1, 'main') c ON c.cid = i.cid "
    "WHERE k.\"unique\" AND NOT k.partial "
    "UNION ALL SELECT -1, name, 1 FROM pragma_table_info(?1, 'main') WHERE pk AND upper(type) = 'INTEGER' "
    "AND (SELECT count(*) FROM pragma_table_info(?1, 'main') WHERE pk) = 1 ORDER BY 1";

static bool is_among(const struct span *columns, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (span_is_nocase(columns[i], name))
            return true;
    }
    return false;
}

// Reads the rows of KEYS until a key is all among the columns.
static int find_key(sqlite3_stmt *keys, const struct span *columns, size_t count, bool *ret_found)
{
    int result, key = -2;
    bool holds = false;
    while ((result = sqlite3_step(keys)) == SQLITE_ROW) {
        int next = sqlite3_column_int(keys, 0);
        if (next != key && holds)
            break;
        const char *name = (const char *)sqlite3_column_text(keys, 1); // none: an expression
        bool fits = name != NULL && sqlite3_column_int(keys, 2) != 0 && is_among(columns, count, name);
        holds = fits && (next != key || holds);
        key = next;
    }
    *ret_found = holds;
    return result == SQLITE_ROW ? SQLITE_DONE : result;
}

static enum err_code has_key(struct sqlite_conn *conn, const char *table, const struct span *columns,
    size_t count, bool *ret_found, struct err *err)
{
    sqlite3_stmt *keys = NULL;
    int result = sqlite3_prepare_v2(conn->db, KEYS, -1, &keys, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_bind_text(keys, 1, table, -1, SQLITE_STATIC);
    if (result == SQLITE_OK)
        result = find_key(keys, columns, count, ret_found);
    enum err_code code = result == SQLITE_DONE ? ERR_NONE : sqlite_fail(conn, result, err);
    sqlite3_finalize(keys);
    return code;
}

enum err_code sqlite_is_unique(
    struct store_stmt *base, const struct span *columns, size_t count, bool *ret_is_unique, struct err *err)
{
    struct sqlite_stmt *stmt = sqlite_stmt(base);
    AUTO(sqlite_program_fini) struct sqlite_program program = {0};
    bool found = false;
    enum err_code code = sqlite_check_alive(stmt->conn, err);
    if (code == ERR_NONE)
        code = sqlite_program_read(stmt, &program, err);
    for (size_t i = 0; i < program.count && code == ERR_NONE && !found; i++) {
        char *table = NULL;
        if (program.ops[i].kind != OP_OPEN)
            continue;
        code = sqlite_op_table(stmt->conn, &program.ops[i], &table, err);
        if (code == ERR_NONE && table != NULL)
            code = has_key(stmt->conn, table, columns, count, &found, err);
        mem_free(table);
    }
    if (code == ERR_NONE)
        *ret_is_unique = found;
    return code;
}

// --- columns without nulls

// Whether the column ?2 of the table ?1 in the schema ?3 takes no nulls: it says so, or is the table's rowid.
static const char NOT_NULL[] = "SELECT \"notnull\" OR (pk AND upper(type) = 'INTEGER' "
                               "AND (SELECT count(*) FROM pragma_table_info(?1, ?3) WHERE pk) = 1) "
                               "FROM pragma_table_info(?1, ?3) WHERE name = ?2";

static int ask_not_null(
    sqlite3 *db, const char *table, const char *column, const char *schema, bool *ret_is_not_null)
{
    const char *const texts[] = {table, column, schema};
    sqlite3_stmt *stmt = NULL;
    int result = sqlite3_prepare_v2(db, NOT_NULL, -1, &stmt, NULL);
    for (int i = 0; result == SQLITE_OK && i < (int)ARRAY_LEN(texts); i++)
        result = sqlite3_bind_text(stmt, i + 1, texts[i], -1, SQLITE_STATIC);
    if (result == SQLITE_OK)
        result = sqlite3_step(stmt);
    *ret_is_not_null = result == SQLITE_ROW && sqlite3_column_int(stmt, 0) != 0;
    sqlite3_finalize(stmt);
    return result == SQLITE_ROW || result == SQLITE_DONE ? SQLITE_OK : result;
}

static bool names_table(const char *sql, const char *table)
{
    struct sql_scan scan;
    sql_scan_init(&scan, span_of(sql), SQL_SQLITE);
    for (struct sql_token token; (token = sql_scan_next(&scan)).kind != SQL_END;) {
        if (token.kind == SQL_CODE && span_is_nocase(sql_unquoted(token.text), table))
            return true;
    }
    return false;
}

// SQLite tells of a view's column which table's it is. That the statement names the table itself is asked for
// because an outer join in a view would be seen by nobody.
enum err_code sqlite_column_not_null(
    struct store_stmt *base, size_t column, bool *ret_is_not_null, struct err *err)
{
    struct sqlite_stmt *stmt = sqlite_stmt(base);
    const char *schema = sqlite3_column_database_name(stmt->handle, (int)column);
    const char *table = sqlite3_column_table_name(stmt->handle, (int)column);
    const char *name = sqlite3_column_origin_name(stmt->handle, (int)column);
    bool is_not_null = false;
    enum err_code code = sqlite_check_alive(stmt->conn, err);
    if (code == ERR_NONE && schema != NULL && table != NULL && name != NULL &&
        names_table(sqlite3_sql(stmt->handle), table)) {
        int result = ask_not_null(stmt->conn->db, table, name, schema, &is_not_null);
        if (result != SQLITE_OK)
            code = sqlite_fail(stmt->conn, result, err);
    }
    if (code == ERR_NONE)
        *ret_is_not_null = is_not_null;
    return code;
}
