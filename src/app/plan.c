// SPDX-License-Identifier: Apache-2.0
// Preparing is thorough, running is short: all that can be found out about a statement is found out once, and
// a row costs a few appends and no allocation.
#include "app/plan.h"

#include <string.h>

#include "app/answer.h"
#include "base/limits.h"
#include "base/mem.h"

enum {
    // Columns' names come from one file, and a byte becomes six at most (\u001f)
    PLAN_BYTES = 8 * LIMIT_APP_FILE_BYTES,
    NO_COLUMN = -1, // a check does not give this column
};

struct prepared {
    const struct statement *statement; // borrowed from the endpoint
    struct store_stmt *stmt;           // owned
    int line;                          // index of a check's column "line", or NO_COLUMN
    int field;                         // likewise "field"
    int parameter;                     // likewise "parameter"
    int value;                         // likewise "value"
};

struct plan {
    const struct endpoint *endpoint;
    struct arena arena;              // owns the arrays
    struct prepared *prepared;       // in order of the file
    size_t count;                    // of prepared
    const struct prepared *answered; // the one that is the answer
    struct answer answer;            // how its rows are written
};

// What preparing needs everywhere.
struct preparing {
    struct plan *plan;       // filled
    struct store_conn *conn; // on which to prepare
    struct diags *diags;     // where errors of the file go
    struct err *err;         // where others go
};

static void fail_at(struct preparing *preparing, const struct statement *statement, const char *text)
{
    diags_add(
        preparing->diags, preparing->plan->endpoint->file, statement->line, statement->column, "%s", text);
}

// --- what a statement may be

static void check_writing(struct preparing *preparing, const struct prepared *prepared)
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
    else if (writes && preparing->plan->endpoint->method == HTTP_GET)
        fail_at(preparing, statement, "a GET endpoint cannot write");
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
static void check_finding_columns(struct preparing *preparing, struct prepared *prepared)
{
    const struct statement *statement = prepared->statement;
    prepared->line = find_column(prepared->stmt, "line");
    prepared->field = find_column(prepared->stmt, "field");
    prepared->parameter = find_column(prepared->stmt, "parameter");
    prepared->value = find_column(prepared->stmt, "value");
    bool has_place = prepared->line != NO_COLUMN || prepared->parameter != NO_COLUMN;
    if (store_column_count(prepared->stmt) == 0)
        fail_at(preparing, statement, "a check has to give rows; start it with SELECT");
    else if (preparing->plan->endpoint->field_count > 0 && !has_place)
        fail_at(preparing, statement,
            "a check of rows needs the column line (or parameter): SELECT line, 'price' AS field, …");
}

// --- preparing

// An error at a place of the statement's SQL, as one of the file.
static void report_prepare_error(
    struct preparing *preparing, const struct statement *statement, const struct err *wrong)
{
    uint32_t line = statement->line, column = statement->column;
    if (wrong->line > 1) {
        line += wrong->line - 1;
        column = wrong->column;
    } else if (wrong->line == 1 && wrong->column > 0) {
        column += wrong->column - 1;
    }
    diags_add(preparing->diags, preparing->plan->endpoint->file, line, column, "%s%s%s", wrong->text,
        wrong->hint[0] != '\0' ? "; " : "", wrong->hint);
}

static enum err_code prepare_one(struct preparing *preparing, struct prepared *prepared)
{
    const struct endpoint *endpoint = preparing->plan->endpoint;
    struct err wrong = {0};
    enum err_code code = store_prepare(preparing->conn, prepared->statement->sql, endpoint->param_names,
        endpoint->param_count, &prepared->stmt, &wrong);
    if (code == ERR_CONFIG) {
        report_prepare_error(preparing, prepared->statement, &wrong);
        return ERR_NONE;
    }
    if (code != ERR_NONE)
        return err_set(preparing->err, code, "%s:%u: %s", endpoint->file, (unsigned)prepared->statement->line,
            wrong.text);
    check_writing(preparing, prepared);
    switch (prepared->statement->kind) {
    case STATEMENT_REJECT:
    case STATEMENT_WARN:
        check_finding_columns(preparing, prepared);
        break;
    case STATEMENT_ANSWER:
        preparing->plan->answered = prepared;
        return answer_init(&preparing->plan->answer, endpoint, prepared->statement, prepared->stmt,
            &preparing->plan->arena, preparing->diags, preparing->err);
    case STATEMENT_WRITE:
        break;
    }
    return ERR_NONE;
}

static enum err_code prepare_all(struct preparing *preparing)
{
    struct plan *plan = preparing->plan;
    const struct endpoint *endpoint = plan->endpoint;
    plan->prepared = arena_zalloc(&plan->arena, endpoint->statement_count, sizeof(*plan->prepared));
    if (plan->prepared == NULL)
        return err_no_memory(preparing->err);
    enum err_code code = ERR_NONE;
    if (endpoint->field_count > 0)
        code =
            store_batch_open(preparing->conn, endpoint->field_names, endpoint->field_count, preparing->err);
    for (size_t i = 0; code == ERR_NONE && i < endpoint->statement_count; i++) {
        plan->prepared[i].statement = &endpoint->statements[i];
        plan->count = i + 1;
        code = prepare_one(preparing, &plan->prepared[i]);
    }
    return code;
}

enum err_code plan_new(const struct endpoint *endpoint, struct store_conn *conn, struct diags *diags,
    struct plan **ret_plan, struct err *err)
{
    struct plan *plan = mem_zalloc(1, sizeof(*plan));
    if (plan == NULL)
        return err_no_memory(err);
    arena_init(&plan->arena, PLAN_BYTES);
    plan->endpoint = endpoint;
    size_t before = diags_total(diags);
    struct preparing preparing = {.plan = plan, .conn = conn, .diags = diags, .err = err};
    enum err_code code = prepare_all(&preparing);
    if (code == ERR_NONE && diags_total(diags) > before)
        code = err_set(err, ERR_CONFIG, "%s has errors", endpoint->file);
    if (code != ERR_NONE) {
        plan_free(plan);
        return code;
    }
    *ret_plan = plan;
    return ERR_NONE;
}

void plan_free(struct plan *plan)
{
    if (plan == NULL)
        return;
    for (size_t i = 0; i < plan->count; i++)
        store_finalize(plan->prepared[i].stmt);
    arena_fini(&plan->arena);
    mem_free(plan);
}

const struct endpoint *plan_endpoint(const struct plan *plan)
{
    return plan->endpoint;
}

// --- findings

// Reads a column of the current row; null, and a column that is not there, leave *ret_value alone.
static enum err_code read_column(const struct prepared *prepared, int column, enum value_kind kind,
    struct value *ret_value, struct err *err)
{
    struct value value;
    if (column == NO_COLUMN)
        return ERR_NONE;
    enum err_code code = store_column(prepared->stmt, (size_t)column, &value, err);
    if (code != ERR_NONE || value.kind == VALUE_NULL)
        return code;
    if (kind != VALUE_NULL && value.kind != kind)
        return err_set(err, ERR_STORE, "column %s of \"%.*s\" has to be %s",
            store_column_name(prepared->stmt, (size_t)column), SHOW(prepared->statement->text),
            kind == VALUE_INTEGER ? "an integer" : "text");
    *ret_value = value;
    return ERR_NONE;
}

static enum err_code read_finding(
    const struct prepared *prepared, struct finding *ret_finding, struct err *err)
{
    struct value line = {.kind = VALUE_INTEGER, .integer = 0};
    struct value field = {.kind = VALUE_TEXT}, parameter = {.kind = VALUE_TEXT}, value = {.kind = VALUE_NULL};
    enum err_code code = read_column(prepared, prepared->line, VALUE_INTEGER, &line, err);
    if (code == ERR_NONE)
        code = read_column(prepared, prepared->field, VALUE_TEXT, &field, err);
    if (code == ERR_NONE)
        code = read_column(prepared, prepared->parameter, VALUE_TEXT, &parameter, err);
    if (code == ERR_NONE)
        code = read_column(prepared, prepared->value, VALUE_NULL, &value, err);
    if (code == ERR_NONE)
        *ret_finding = (struct finding){.statement = prepared->statement,
            .line = line.integer,
            .field = field.text,
            .parameter = parameter.text,
            .value = value};
    return code;
}

enum err_code plan_find(struct plan *plan, enum statement_kind kind, const struct value *params,
    bool stop_at_first, bool (*on_finding)(void *ctx, const struct finding *finding), void *ctx,
    struct err *err)
{
    bool goes_on = true;
    for (size_t i = 0; goes_on && i < plan->count; i++) {
        const struct prepared *prepared = &plan->prepared[i];
        if (prepared->statement->kind != kind)
            continue;
        bool has_row = false;
        enum err_code code = store_bind(prepared->stmt, params, err);
        if (code == ERR_NONE)
            code = store_step(prepared->stmt, &has_row, err);
        bool has_found = has_row;
        while (code == ERR_NONE && has_row && goes_on) {
            struct finding finding;
            code = read_finding(prepared, &finding, err);
            if (code == ERR_NONE)
                goes_on = on_finding(ctx, &finding);
            if (code == ERR_NONE && goes_on)
                code = store_step(prepared->stmt, &has_row, err);
        }
        store_reset(prepared->stmt);
        if (code != ERR_NONE)
            return code;
        goes_on = goes_on && !(stop_at_first && has_found);
    }
    return ERR_NONE;
}

// --- writes

enum err_code plan_write(struct plan *plan, const struct value *params, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < plan->count; i++) {
        const struct prepared *prepared = &plan->prepared[i];
        if (prepared->statement->kind != STATEMENT_WRITE)
            continue;
        bool has_row = true; // of RETURNING, which nobody reads
        code = store_bind(prepared->stmt, params, err);
        while (code == ERR_NONE && has_row)
            code = store_step(prepared->stmt, &has_row, err);
        store_reset(prepared->stmt);
    }
    return code;
}

// --- the answer

enum err_code plan_answer(
    struct plan *plan, const struct value *params, struct buf *out, int *ret_status, struct err *err)
{
    size_t before = out->len;
    struct store_stmt *stmt = plan->answered->stmt;
    enum err_code code = store_bind(stmt, params, err);
    if (code == ERR_NONE)
        code = answer_write(&plan->answer, stmt, out, err);
    store_reset(stmt);
    if (code == ERR_NONE)
        *ret_status = plan->answered->statement->status;
    else
        out->len = before;
    return code;
}
