// SPDX-License-Identifier: Apache-2.0
// That a statement sees no other rows of a table than @depends says is proven by the database: it is prepared
// once more with a table of that name that is empty and read from nowhere, and asked what it reads. Where the
// real table is still among that, there is another way to it: the name with its schema in front, a view, a
// function. The connection's thread.
#include "app/depends.h"

#include "app/depends_sql.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/versions.h"
#include "text/nearest.h"
#include "text/sql_quote.h"

// What preparing needs everywhere.
struct asking {
    const struct endpoint *endpoint; // borrowed
    struct store_conn *conn;         // borrowed
    enum sql_dialect dialect;        // of the connection's store
};

static enum sql_dialect dialect_of(const struct endpoint *endpoint)
{
    return endpoint->statements[0].dialect; // all have that of the store
}

// What the empty tables are called.
static const char *const new_names[LIMIT_DEPENDS] = {"reckoner_empty_1", "reckoner_empty_2",
    "reckoner_empty_3", "reckoner_empty_4", "reckoner_empty_5", "reckoner_empty_6", "reckoner_empty_7",
    "reckoner_empty_8"};

static enum err_code prepare(
    const struct asking *asking, const struct buf *sql, struct store_stmt **ret_stmt, struct err *err)
{
    const struct endpoint *endpoint = asking->endpoint;
    if (buf_status(sql) != ERR_NONE)
        return err_no_memory(err);
    return store_prepare(
        asking->conn, buf_span(sql), endpoint->param_names, endpoint->param_count, ret_stmt, err);
}

// --- the table and its columns

static enum err_code prepare_table(
    const struct asking *asking, const struct depends *depends, struct store_stmt **ret_stmt, struct err *err)
{
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    buf_append_str(&sql, "SELECT * FROM ");
    buf_append(&sql, depends->table.at, depends->table.len);
    return prepare(asking, &sql, ret_stmt, err);
}

// Finds a column by its name, in letters of either case, as SQL does.
static bool find_column(const struct store_stmt *stmt, struct span name, struct span *ret_column)
{
    for (size_t i = 0; i < store_column_count(stmt); i++) {
        struct span column = span_of(store_column_name(stmt, i));
        if (!span_equal_nocase(column, name))
            continue;
        *ret_column = column;
        return true;
    }
    return false;
}

static void fail_column(const struct endpoint *endpoint, const struct depends *depends, size_t column,
    const struct store_stmt *stmt, struct diags *diags)
{
    struct span name = depends->columns[column].name;
    const char *nearest = NULL;
    for (size_t i = 0; i < store_column_count(stmt) && nearest == NULL; i++) {
        const char *known = store_column_name(stmt, i);
        nearest = nearest_of(name, &known, 1);
    }
    diags_add(diags, endpoint->file, depends->line, depends->columns[column].column,
        "the table %.*s has no column %.*s%s%s%s", SHOW(depends->table), SHOW(name),
        nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
}

// Keeps the name of the table that the store tells, when it is that of the @depends.
static void keep_name(void *ctx, const char *table)
{
    struct depends_table *found = ctx;
    if (found->is_table || !span_is_nocase(found->depends->table, table))
        return;
    found->is_table = true;
    found->name = mem_strdup(table);
}

enum err_code depends_find(const struct endpoint *endpoint, size_t number, struct store_conn *conn,
    struct diags *diags, struct depends_table *ret_table, struct err *err)
{
    const struct depends *depends = &endpoint->depends[number];
    struct asking asking = {.endpoint = endpoint, .conn = conn, .dialect = dialect_of(endpoint)};
    struct err wrong = {0};
    *ret_table = (struct depends_table){.depends = depends};
    enum err_code code = prepare_table(&asking, depends, &ret_table->stmt, &wrong);
    if (code == ERR_CONFIG) {
        diags_add(diags, endpoint->file, depends->line, depends->column, "%s%s%s", wrong.text,
            wrong.hint[0] != '\0' ? "; " : "", wrong.hint);
        return ERR_NONE;
    }
    if (code != ERR_NONE)
        return err_set(err, code, "%s", wrong.text);
    for (size_t i = 0; i < depends->count; i++) {
        if (!find_column(ret_table->stmt, depends->columns[i].name, &ret_table->columns[i]))
            fail_column(endpoint, depends, i, ret_table->stmt, diags);
    }
    code = store_reads(ret_table->stmt, keep_name, ret_table, err);
    if (code == ERR_NONE && ret_table->is_table && ret_table->name == NULL)
        return err_no_memory(err);
    if (code == ERR_NONE && !ret_table->is_table)
        diags_add(diags, endpoint->file, depends->line, depends->column,
            "%.*s is no table of the app's own; @depends needs the table that holds the rows",
            SHOW(depends->table));
    return code;
}

void depends_table_fini(struct depends_table *table)
{
    store_finalize(table->stmt);
    mem_free(table->name);
    *table = (struct depends_table){0};
}

enum err_code depends_check(
    const struct endpoint *endpoint, struct store_conn *conn, struct diags *diags, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < endpoint->depends_count; i++) {
        struct depends_table table;
        code = depends_find(endpoint, i, conn, diags, &table, err);
        depends_table_fini(&table);
    }
    return code;
}

// --- other ways to the table

// A query for the building of a statement with empty tables.
struct emptying {
    const struct asking *asking;
    enum err_code code; // of finding the columns
    struct err *err;    // likewise
};

// A depends_body: no rows, with the columns of the table. PostgreSQL has a type of the table's name, of which
// it reads nothing but the columns.
static void append_empty(void *ctx, const struct depends *depends, struct buf *out)
{
    struct emptying *emptying = ctx;
    struct store_stmt *stmt = NULL;
    if (emptying->asking->dialect == SQL_POSTGRESQL) {
        buf_append_str(out, "SELECT (r.r).* FROM (SELECT NULL::");
        buf_append(out, depends->table.at, depends->table.len);
        buf_append_str(out, " AS r) AS r");
        return;
    }
    if (emptying->code == ERR_NONE)
        emptying->code = prepare_table(emptying->asking, depends, &stmt, emptying->err);
    for (size_t i = 0; emptying->code == ERR_NONE && i < store_column_count(stmt); i++) {
        buf_append_str(out, i == 0 ? "SELECT NULL AS " : ", NULL AS ");
        sql_append_name(out, span_of(store_column_name(stmt, i)));
    }
    store_finalize(stmt);
}

// SQLite tells of a table of which no column is taken by the name that the statement has for it, be it that
// of a part of WITH. So the empty tables get names that no table of the app has, if that can be done.
static enum err_code prepare_emptied(const struct asking *asking, const struct statement *statement,
    bool is_condition, bool renames, struct store_stmt **ret_stmt, struct err *err)
{
    struct emptying emptying = {.asking = asking, .err = err};
    const struct endpoint *endpoint = asking->endpoint;
    struct span names[LIMIT_DEPENDS];
    AUTO(buf_fini) struct buf inside;
    AUTO(buf_fini) struct buf sql;
    buf_init(&inside, 2 * LIMIT_APP_FILE_BYTES);
    buf_init(&sql, 4 * LIMIT_APP_FILE_BYTES);
    for (size_t i = 0; i < endpoint->depends_count; i++)
        names[i] = renames ? span_of(new_names[i]) : endpoint->depends[i].table;
    depends_append_renamed(
        endpoint, names, is_condition ? statement->when : statement->file_sql, asking->dialect, &inside);
    uint32_t hidden = is_condition ? statement->when_hidden : statement->hidden;
    struct span behind = {.at = ""}; // of a condition, what stands below is made here
    if (!is_condition)
        behind = buf_span(&inside);
    if (hidden != 0)
        depends_append_hidden(
            endpoint, names, asking->dialect, hidden, behind, append_empty, &emptying, &sql);
    else
        buf_append(&sql, behind.at, behind.len);
    if (is_condition) {
        buf_append_str(&sql, "SELECT (");
        buf_append(&sql, inside.data, inside.len);
        buf_append_str(&sql, "\n)");
    }
    if (emptying.code == ERR_NONE && buf_status(&inside) != ERR_NONE)
        return err_no_memory(err);
    return emptying.code == ERR_NONE ? prepare(asking, &sql, ret_stmt, err) : emptying.code;
}

enum err_code depends_reads_beside(const struct endpoint *endpoint, const struct statement *statement,
    bool is_condition, struct store_conn *conn, void (*on_table)(void *ctx, const char *table), void *ctx,
    bool *ret_is_told, struct err *err)
{
    struct asking asking = {.endpoint = endpoint, .conn = conn, .dialect = statement->dialect};
    struct store_stmt *stmt = NULL;
    struct err wrong = {0};
    *ret_is_told = false;
    enum err_code code = prepare_emptied(&asking, statement, is_condition, true, &stmt, &wrong);
    if (code == ERR_CONFIG) { // a column may have the table's name, say
        wrong = (struct err){0};
        code = prepare_emptied(&asking, statement, is_condition, false, &stmt, &wrong);
    }
    if (code == ERR_CONFIG)
        return ERR_NONE;
    if (code != ERR_NONE)
        return err_set(err, code, "%s", wrong.text);
    *ret_is_told = true;
    code = versions_under(stmt, on_table, ctx, err);
    store_finalize(stmt);
    return code;
}

struct proving {
    const struct endpoint *endpoint;   // borrowed, like the rest
    const struct statement *statement; //
    struct diags *diags;               //
    bool is_condition;                 //
};

// Finds  schema . table  in SQL; false when it is not there.
static bool find_with_schema(
    const struct depends *depends, struct span sql, enum sql_dialect dialect, struct sql_token *ret_schema)
{
    struct sql_scan scan;
    struct sql_token schema = {0}, dot = {0}, token;
    sql_scan_init(&scan, sql, dialect);
    while ((token = sql_scan_next_code(&scan)).kind != SQL_END) {
        bool is_table = token.kind == SQL_CODE && span_equal_nocase(sql_unquoted(token.text), depends->table);
        if (is_table && dot.kind == SQL_CODE && span_is(dot.text, ".")) {
            *ret_schema = schema;
            return true;
        }
        schema = dot;
        dot = token;
    }
    return false;
}

static void on_other_way(void *ctx, const char *table)
{
    const struct proving *proving = ctx;
    const struct endpoint *endpoint = proving->endpoint;
    const struct statement *statement = proving->statement;
    const struct depends *depends = endpoint->depends;
    while (depends < endpoint->depends + endpoint->depends_count && !span_is_nocase(depends->table, table))
        depends++;
    if (depends == endpoint->depends + endpoint->depends_count)
        return;
    struct sql_token schema;
    struct span sql = proving->is_condition ? statement->when : statement->file_sql;
    bool has_schema = find_with_schema(depends, sql, statement->dialect, &schema);
    struct place place = {.line = statement->line, .column = statement->column};
    if (proving->is_condition)
        place = (struct place){.line = statement->when_line, .column = statement->when_column};
    if (has_schema)
        place = place_in_file(place, (struct place){.line = schema.line, .column = schema.column});
    if (has_schema)
        diags_add(proving->diags, endpoint->file, place.line, place.column,
            "%.*s.%s has rows that the @depends of line %u leaves out; write %s without its schema",
            SHOW(schema.text), table, (unsigned)depends->line, table);
    else
        diags_add(proving->diags, endpoint->file, place.line, place.column,
            "a view or function that is used here reads %s, with rows that the @depends of line %u leaves out; "
            "read %s itself, or take the @depends away",
            table, (unsigned)depends->line, table);
}

enum err_code depends_prove(
    const struct endpoint *endpoint, struct store_conn *conn, struct diags *diags, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; endpoint->depends_count > 0 && i < endpoint->statement_count; i++) {
        struct proving proving = {
            .endpoint = endpoint, .statement = &endpoint->statements[i], .diags = diags};
        bool is_told;
        if (proving.statement->sql.len > 0)
            code = depends_reads_beside(
                endpoint, proving.statement, false, conn, on_other_way, &proving, &is_told, err);
        proving.is_condition = true;
        if (code == ERR_NONE && proving.statement->when.len > 0)
            code = depends_reads_beside(
                endpoint, proving.statement, true, conn, on_other_way, &proving, &is_told, err);
        if (code != ERR_NONE)
            return code;
    }
    return ERR_NONE;
}
