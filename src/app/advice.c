// SPDX-License-Identifier: Apache-2.0
// Looks at the database's plan of each statement. It keeps silent where a warning would be noise: a @private
// endpoint is for loads, which may read whole tables; a page that is read in the order of an index ends when
// it is full, as does a LIMIT, of which the store does not tell; and it does not matter which of several rows
// a check reports. LIMIT and ORDER BY are limit_advice.c's, and which patterns take too long text/'s. On the
// connection's thread.
#include "app/advice.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/limit_advice.h"
#include "base/limits.h"
#include "text/pattern_nest.h"
#include "text/sql_quote.h"
#include "text/sql_scan.h"

enum { MAX_READS = 16, TABLE_NAME_BYTES = 128 };

// A table that a statement reads as a whole.
struct whole_read {
    char table[TABLE_NAME_BYTES]; // its name, cut
    int64_t rows;                 // that it has
    bool may_stop;                // in the plan's outermost loop, which ends when no more rows are read
};

// One statement under examination.
struct advising {
    const struct endpoint *endpoint;    // borrowed, like the rest
    const struct statement *statement;  //
    struct diags *warnings;             //
    bool is_paged;                      // only the first rows are taken, in its order
    bool takes_first;                   // only the first row is taken
    bool has_outer_loop;                // the outermost loop of the plan was met
    bool sorts;                         // the plan sorts, so that no loop can stop early
    struct whole_read reads[MAX_READS]; // each table once, but for one that may stop
    size_t read_count;                  //
};

// --- reading whole tables

static bool is_known(const struct advising *advising, const struct whole_read *read)
{
    for (size_t i = 0; i < advising->read_count; i++) {
        if (strcmp(advising->reads[i].table, read->table) == 0 &&
            advising->reads[i].may_stop == read->may_stop)
            return true;
    }
    return false;
}

// Tells whether a word of the statement names `table`, and whether the statement inserts without replacing.
static void read_words(
    const struct statement *statement, const char *table, bool *ret_names, bool *ret_inserts)
{
    struct sql_scan scan;
    bool names = false, inserts = false, replaces = false;
    sql_scan_init(&scan, statement->sql, statement->dialect);
    for (struct sql_token token = sql_scan_next(&scan); token.kind != SQL_END; token = sql_scan_next(&scan)) {
        struct span word = sql_unquoted(token.text);
        if (token.kind != SQL_CODE)
            continue;
        names = names || span_is_nocase(word, table);
        inserts = inserts || span_is_nocase(word, "insert");
        replaces = replaces || span_is_nocase(word, "replace");
    }
    *ret_names = names;
    *ret_inserts = inserts && !replaces;
}

// SQLite's plan of an INSERT of several rows has a search of each table that refers to the one written to. It
// is never run unless foreign keys are violated. It looks like any other line of the plan, but the statement
// does not name its table.
bool advice_is_big_read(const struct statement *statement, const struct store_plan_line *line)
{
    bool names, inserts;
    bool is_big = line->read_whole != NULL && line->table_rows >= LIMIT_BIG_TABLE_ROWS;
    if (!is_big || strcmp(line->read_whole, "batch") == 0) // a write reads its batch whole by design
        return false;
    read_words(statement, line->read_whole, &names, &inserts);
    return names || !inserts;
}

// This knows the words of SQLite's plans only. A plan in other words may get a warning too many.
static void on_plan_line(void *ctx, const struct store_plan_line *line)
{
    struct advising *advising = ctx;
    struct span text = span_of(line->text);
    bool is_loop = span_starts_with(text, "SCAN ") || span_starts_with(text, "SEARCH ");
    bool is_outer = line->depth == 0 && is_loop && !advising->has_outer_loop;
    advising->has_outer_loop = advising->has_outer_loop || is_outer;
    if (strstr(line->text, "TEMP B-TREE FOR ORDER BY") != NULL ||
        strstr(line->text, "TEMP B-TREE FOR GROUP BY") != NULL)
        advising->sorts = true;
    if (advising->read_count == MAX_READS || !advice_is_big_read(advising->statement, line))
        return;
    bool wants_few = advising->is_paged || (advising->takes_first && strstr(line->text, " INDEX ") != NULL);
    struct whole_read read = {.rows = line->table_rows, .may_stop = is_outer && wants_few};
    snprintf(read.table, sizeof(read.table), "%s", line->read_whole);
    if (!is_known(advising, &read))
        advising->reads[advising->read_count++] = read;
}

static enum err_code advise_reads(struct advising *advising, struct store_stmt *stmt, struct err *err)
{
    enum err_code code = store_explain(stmt, on_plan_line, advising, err);
    for (size_t i = 0; code == ERR_NONE && i < advising->read_count; i++) {
        const struct whole_read *read = &advising->reads[i];
        if (read->may_stop && !advising->sorts)
            continue;
        diags_add(advising->warnings, advising->endpoint->file, advising->statement->line,
            advising->statement->column,
            "warning: reads all %" PRId64 " rows of %s each time; an index on the columns that it compares, "
            "joins or sorts by would spare that",
            read->rows, read->table);
    }
    return code;
}

// --- orders

static void on_limit(void *ctx, struct place inside, const char *text)
{
    const struct advising *advising = ctx;
    struct place place = statement_place(advising->statement, inside);
    diags_add(advising->warnings, advising->endpoint->file, place.line, place.column, "warning: %s", text);
}

static bool is_paged(const struct endpoint *endpoint, const struct statement *statement)
{
    return endpoint->page_rows > 0 && statement->kind == STATEMENT_ANSWER;
}

static bool takes_first_row(const struct endpoint *endpoint, const struct statement *statement)
{
    return statement->kind == STATEMENT_ANSWER && endpoint->shape != SHAPE_ROWS &&
           endpoint->shape != SHAPE_VALUES;
}

// --- decimals

static bool has_decimals(const struct rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rules[i].type == TYPE_DECIMAL)
            return true;
    }
    return false;
}

// Whether the app has decimals of ours: then a column that is declared one holds them, and no other numbers.
static bool app_has_decimals(const struct app *app)
{
    bool has = false;
    for (size_t i = 0; i < app->endpoint_count && !has; i++) {
        const struct endpoint *endpoint = &app->endpoints[i];
        has = has_decimals(endpoint->params, endpoint->param_count) ||
              has_decimals(endpoint->fields, endpoint->field_count);
    }
    return has;
}

static bool is_declared(const struct endpoint *endpoint, const char *name)
{
    for (size_t i = 0; i < endpoint->column_count; i++) {
        if (span_is(endpoint->columns[i].name, name))
            return true;
    }
    return false;
}

static void advise_decimals(const struct advising *advising, const struct store_stmt *stmt)
{
    if (advising->statement->kind != STATEMENT_ANSWER)
        return;
    for (size_t i = 0; i < store_column_count(stmt); i++) {
        const char *name = store_column_name(stmt, i);
        if (store_column_is_scaled_decimal(stmt, i) && !is_declared(advising->endpoint, name))
            diags_add(advising->warnings, advising->endpoint->file, advising->statement->line,
                advising->statement->column,
                "warning: the column %s of a decimal is answered without its point; add @column %s decimal(p,s)",
                name, name);
    }
}

// --- statements

static enum err_code advise_statement(const struct endpoint *endpoint, const struct statement *statement,
    bool with_decimals, struct store_conn *conn, struct diags *warnings, struct err *err)
{
    struct store_stmt *stmt;
    if (statement->sql.len == 0) // an answer of status 204
        return ERR_NONE;
    enum err_code code =
        store_prepare(conn, statement->sql, endpoint->param_names, endpoint->param_count, &stmt, err);
    if (code != ERR_NONE)
        return code;
    struct advising advising = {
        .endpoint = endpoint,
        .statement = statement,
        .warnings = warnings,
        .is_paged = is_paged(endpoint, statement),
        .takes_first = takes_first_row(endpoint, statement),
    };
    if (!endpoint->is_private)
        code = advise_reads(&advising, stmt, err);
    bool rows_matter = statement->kind == STATEMENT_ANSWER || statement->kind == STATEMENT_WRITE;
    if (code == ERR_NONE && rows_matter)
        code = limit_advise(statement, advising.is_paged, stmt, on_limit, &advising, err);
    if (code == ERR_NONE && with_decimals)
        advise_decimals(&advising, stmt);
    store_finalize(stmt);
    return code;
}

// --- patterns

static void advise_patterns(
    const struct endpoint *endpoint, const struct rule *rules, size_t count, struct diags *warnings)
{
    for (size_t i = 0; i < count; i++) {
        if (pattern_is_nested(rules[i].pattern_text))
            diags_add(warnings, endpoint->file, rules[i].line, rules[i].column,
                "warning: the pattern of %.*s repeats a repetition, as (a+)+ does: some texts take too long to "
                "match and are refused; write a+ instead, or (a++)+",
                SHOW(rules[i].outside));
    }
}

// --- how many rows

static void advise_one(const struct endpoint *endpoint, struct diags *warnings)
{
    bool is_of_one = endpoint->method == HTTP_PUT || endpoint->method == HTTP_PATCH;
    bool has_param = false;
    for (size_t i = 0; i < endpoint->part_count; i++)
        has_param = has_param || endpoint->parts[i].param >= 0;
    if (is_of_one && has_param && endpoint->field_count > 0 && !endpoint->is_one)
        diags_add(warnings, endpoint->file, endpoint->line, endpoint->column,
            "warning: its path names one thing, and its body may have many rows: if it takes exactly one, say "
            "@one");
}

// --- who asks

// An endpoint that says @access open means it.
static void advise_access(const struct endpoint *endpoint, struct diags *warnings)
{
    if (endpoint->access.kind != ACCESS_OPEN || endpoint->access.line > 0 || endpoint->is_private)
        return;
    for (size_t i = 0; i < endpoint->param_count; i++) {
        const struct rule *param = &endpoint->params[i];
        if (param->source == PARAM_REQUEST)
            continue;
        diags_add(warnings, endpoint->file, param->line, param->column,
            "warning: the endpoint is open, so :%.*s says nothing of who comes without a key: say @access key, "
            "or @access open if that is meant",
            SHOW(param->name));
        return;
    }
}

enum err_code app_advise(
    const struct app *app, struct store_conn *conn, struct diags *warnings, struct err *err)
{
    bool with_decimals = app_has_decimals(app);
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < app->endpoint_count; i++) {
        const struct endpoint *endpoint = &app->endpoints[i];
        advise_patterns(endpoint, endpoint->params, endpoint->param_count, warnings);
        advise_patterns(endpoint, endpoint->fields, endpoint->field_count, warnings);
        advise_one(endpoint, warnings);
        advise_access(endpoint, warnings);
        if (endpoint->field_count > 0)
            code = store_batch_open(conn, endpoint->field_names, endpoint_batch_columns(endpoint), err);
        for (size_t k = 0; code == ERR_NONE && k < endpoint->statement_count; k++)
            code = advise_statement(endpoint, &endpoint->statements[k], with_decimals, conn, warnings, err);
    }
    return code;
}
