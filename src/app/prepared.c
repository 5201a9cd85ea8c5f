// SPDX-License-Identifier: Apache-2.0
// Prepares a statement and finds all its errors, each with its place in the file: whether the database
// accepts it, whether its kind may write, whether it has the columns that it needs. Answers are answer.c's,
// pages page.c's. The plan's thread.
#include "app/prepared.h"

#include <string.h>

#include "base/limits.h"

static void fail_at(const struct preparing *preparing, const struct statement *statement, const char *text)
{
    diags_add(preparing->diags, preparing->endpoint->file, statement->line, statement->column, "%s", text);
}

// --- what a kind of statement may do

static void check_writing(const struct preparing *preparing, const struct prepared *prepared)
{
    static const char *const read_only[] = {
        [STATEMENT_REJECT] = "a @reject cannot write; put what writes under @write",
        [STATEMENT_WARN] = "a @warn cannot write; put what writes under @write",
        [STATEMENT_ANSWER] = "an @answer cannot write; put what writes under @write",
    };
    const struct statement *statement = prepared->statement;
    bool writes = store_writes(prepared->stmt);
    if (statement->kind == STATEMENT_WRITE && !writes)
        fail_at(preparing, statement, "this @write changes nothing; put what reads under @reject or @answer");
    else if (writes && endpoint_is_read(preparing->endpoint))
        fail_at(preparing, statement, "an endpoint that reads cannot write");
    else if (writes && statement->kind != STATEMENT_WRITE)
        fail_at(preparing, statement, read_only[statement->kind]);
}

static int find_column(const struct store_stmt *stmt, const char *name)
{
    size_t count = store_column_count(stmt);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(store_column_name(stmt, i), name) == 0)
            return (int)i;
    }
    return NO_COLUMN;
}

// A check of rows has to say which row it means, or which parameter.
static void check_finding_columns(const struct preparing *preparing, struct prepared *prepared)
{
    const struct statement *statement = prepared->statement;
    prepared->line = find_column(prepared->stmt, "line");
    prepared->field = find_column(prepared->stmt, "field");
    prepared->parameter = find_column(prepared->stmt, "parameter");
    prepared->value = find_column(prepared->stmt, "value");
    bool has_place = prepared->line != NO_COLUMN || prepared->parameter != NO_COLUMN;
    if (store_column_count(prepared->stmt) == 0)
        fail_at(preparing, statement, "a check has to give rows; start it with SELECT");
    else if (preparing->endpoint->field_count > 0 && !has_place)
        fail_at(preparing, statement,
            "a check of rows needs the column line (or parameter): SELECT line, 'price' AS field, …");
}

// --- preparing

// Prepares SQL with the endpoint's parameters. When it is wrong, *ret_wrong tells what, and there is no
// statement.
static enum err_code prepare_sql(const struct preparing *preparing, struct span sql, uint32_t line,
    struct store_stmt **ret_stmt, struct err *ret_wrong)
{
    const struct endpoint *endpoint = preparing->endpoint;
    struct err wrong = {0};
    enum err_code code =
        store_prepare(preparing->conn, sql, endpoint->param_names, endpoint->param_count, ret_stmt, &wrong);
    if (code != ERR_NONE && code != ERR_CONFIG)
        return err_set(preparing->err, code, "%s:%u: %s", endpoint->file, (unsigned)line, wrong.text);
    *ret_wrong = wrong;
    return ERR_NONE;
}

static void report_wrong(const struct preparing *preparing, struct place place, const struct err *wrong)
{
    diags_add(preparing->diags, preparing->endpoint->file, place.line, place.column, "%s%s%s", wrong->text,
        wrong->hint[0] != '\0' ? "; " : "", wrong->hint);
}

// Where a place in "SELECT (expression" LF ")" is in the file: in the expression, or at its start. A line
// that hides rows may stand in front.
static struct place place_in_when(const struct statement *statement, size_t before, const struct err *wrong)
{
    struct place place = {.line = statement->when_line, .column = statement->when_column};
    uint32_t first_line = statement->when_hidden != 0 ? 2 : 1;
    if (wrong->line > 0 && wrong->line < first_line)
        return statement->hider;
    if (wrong->line == first_line && wrong->column > before)
        place.column += wrong->column - (uint32_t)before - 1;
    return place;
}

// The condition of an answer becomes a statement of its own.
static enum err_code prepare_when(const struct preparing *preparing, struct prepared *prepared)
{
    static const char before[] = "SELECT (", after[] = "\n)"; // it may end with a comment
    const struct statement *statement = prepared->statement;
    struct err wrong = {0};
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, LIMIT_APP_FILE_BYTES + sizeof(before) + sizeof(after));
    buf_append(&sql, statement->when_before.at, statement->when_before.len);
    buf_append_str(&sql, before);
    buf_append(&sql, statement->when.at, statement->when.len);
    buf_append_str(&sql, after);
    if (buf_status(&sql) != ERR_NONE)
        return err_no_memory(preparing->err);
    enum err_code code =
        prepare_sql(preparing, buf_span(&sql), statement->when_line, &prepared->when, &wrong);
    if (code != ERR_NONE)
        return code;
    if (wrong.code == ERR_NONE && store_column_count(prepared->when) != 1)
        err_set(&wrong, ERR_CONFIG, "a condition has to be one value");
    if (wrong.code != ERR_NONE)
        report_wrong(preparing, place_in_when(statement, sizeof(before) - 1, &wrong), &wrong);
    return ERR_NONE;
}

static enum err_code prepare_answer(const struct preparing *preparing, struct prepared *prepared)
{
    const struct endpoint *endpoint = preparing->endpoint;
    size_t so_far = diags_total(preparing->diags);
    enum err_code code = answer_init(&prepared->answer, endpoint, prepared->statement, preparing->conn,
        prepared->stmt, preparing->arena, preparing->diags, preparing->err);
    if (code == ERR_NONE && endpoint->page_rows > 0 && diags_total(preparing->diags) == so_far)
        code = page_new(endpoint, prepared->statement, &prepared->answer, preparing->conn, preparing->arena,
            preparing->diags, &prepared->page, preparing->err);
    return code;
}

enum err_code prepared_init(
    const struct preparing *preparing, const struct statement *statement, struct prepared *ret_prepared)
{
    struct err wrong = {0};
    *ret_prepared = (struct prepared){.statement = statement};
    enum err_code code = ERR_NONE;
    if (statement->when.len > 0)
        code = prepare_when(preparing, ret_prepared);
    if (code == ERR_NONE && statement->sql.len == 0) // an answer of status 204
        return ERR_NONE;
    if (code == ERR_NONE)
        code = prepare_sql(preparing, statement->sql, statement->line, &ret_prepared->stmt, &wrong);
    if (code != ERR_NONE)
        return code;
    if (wrong.code != ERR_NONE) {
        struct place inside = {.line = wrong.line, .column = wrong.column};
        report_wrong(preparing, statement_place(statement, inside), &wrong);
        return ERR_NONE;
    }
    check_writing(preparing, ret_prepared);
    switch (statement->kind) {
    case STATEMENT_REJECT:
    case STATEMENT_WARN:
        check_finding_columns(preparing, ret_prepared);
        break;
    case STATEMENT_ANSWER:
        return prepare_answer(preparing, ret_prepared);
    case STATEMENT_WRITE:
        break;
    }
    return ERR_NONE;
}

void prepared_fini(struct prepared *prepared)
{
    page_free(prepared->page);
    store_finalize(prepared->when);
    store_finalize(prepared->stmt);
    *prepared = (struct prepared){0};
}
