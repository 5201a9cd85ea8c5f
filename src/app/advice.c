// SPDX-License-Identifier: Apache-2.0
// Silence where a warning would be noise: loads (@private) may read all they like; a page that is read in the
// order of an index ends when it is full (and what a LIMIT ends early, the store does not tell of); and which
// rows a check reports is no matter.
#include "app/advice.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/limit_advice.h"
#include "app/place.h"
#include "base/limits.h"
#include "text/sql_scan.h"

enum { MAX_READS = 16, TABLE_NAME_BYTES = 128 };

// A table that a statement reads as a whole.
struct whole_read {
    char table[TABLE_NAME_BYTES]; // its name, cut
    int64_t rows;                 // that it has
    bool may_stop;                // in the plan's outermost loop, which ends when nobody wants more rows
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

// What the words of a statement say: whether one of them names `table`, and whether they insert and replace
// nothing.
static void read_words(
    const struct statement *statement, const char *table, bool *ret_names, bool *ret_inserts)
{
    struct sql_scan scan;
    bool names = false, inserts = false, replaces = false;
    sql_scan_init(&scan, statement->sql, statement->dialect);
    for (struct sql_token token = sql_scan_next(&scan); token.kind != SQL_END; token = sql_scan_next(&scan)) {
        struct span word = token.text;
        if (token.kind != SQL_CODE)
            continue;
        if (word.len > 2 && (word.at[0] == '"' || word.at[0] == '`' || word.at[0] == '['))
            word = (struct span){.at = word.at + 1, .len = word.len - 2};
        names = names || span_is_nocase(word, table);
        inserts = inserts || span_is_nocase(word, "insert");
        replaces = replaces || span_is_nocase(word, "replace");
    }
    *ret_names = names;
    *ret_inserts = inserts && !replaces;
}

// An INSERT of several rows into a table that others refer to has in its plan a search of those others, which
// SQLite runs only while there are violated foreign keys: never. Only their names tell them apart.
bool advice_is_big_read(const struct statement *statement, const struct store_plan_line *line)
{
    bool names, inserts;
    bool is_big = line->read_whole != NULL && line->table_rows >= LIMIT_BIG_TABLE_ROWS;
    if (!is_big || strcmp(line->read_whole, "batch") == 0) // a batch is there to be read
        return false;
    read_words(statement, line->read_whole, &names, &inserts);
    return names || !inserts;
}

// Of the plan's words only SQLite's are known here; what is not known makes for one more warning.
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
    struct place start = {.line = advising->statement->line, .column = advising->statement->column};
    struct place place = place_in_file(start, inside);
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

static enum err_code advise_statement(const struct endpoint *endpoint, const struct statement *statement,
    struct store_conn *conn, struct diags *warnings, struct err *err)
{
    struct store_stmt *stmt;
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
    store_finalize(stmt);
    return code;
}

enum err_code app_advise(
    const struct app *app, struct store_conn *conn, struct diags *warnings, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < app->endpoint_count; i++) {
        const struct endpoint *endpoint = &app->endpoints[i];
        if (endpoint->field_count > 0)
            code = store_batch_open(conn, endpoint->field_names, endpoint->field_count, err);
        for (size_t k = 0; code == ERR_NONE && k < endpoint->statement_count; k++)
            code = advise_statement(endpoint, &endpoint->statements[k], conn, warnings, err);
    }
    return code;
}
