// SPDX-License-Identifier: Apache-2.0
// The life of a plan and the running of its statements. Preparing one statement is prepared.c's, running
// checks checks.c's, asking for an answer before the checks are known to pass ahead.c's. Preparing is
// thorough, running is short: a row costs a few appends and no allocation. The plan's thread, which is that
// of its connection.
#include "app/plan.h"

#include <assert.h>
#include <stdio.h>

#include "app/ahead.h"
#include "app/checks.h"
#include "app/depends.h"
#include "app/plan_parts.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/versions.h"

// Names of columns come from one file, and a byte becomes six at most (\u001f).
enum { PLAN_BYTES = 8 * LIMIT_APP_FILE_BYTES };

// --- @column

// The columns of all answers, once each, as a list to be read; cut where it gets too long.
static struct span list_columns(const struct plan *plan, char *names, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct answer *answer = &plan->prepared[i].answer;
        for (size_t k = 0; k < answer->count && len < size; k++) {
            struct span name = answer->columns[k].name;
            bool is_known = false;
            for (size_t before = 0; before < i; before++)
                is_known = is_known || answer_has(&plan->prepared[before].answer, name);
            if (!is_known)
                len += (size_t)snprintf(names + len, size - len, "%s%.*s", len > 0 ? ", " : "", SHOW(name));
        }
    }
    struct span shown = {.at = names, .len = len < size ? len : size - 1};
    shown.len = utf8_cut(shown, size - 4); // between two characters, if it is full
    return shown;
}

// Each @column has to be one of some answer. One that does not prepare may be the one, so all have to.
static void check_columns(const struct plan *plan, struct diags *diags)
{
    char names[256];
    for (size_t i = 0; i < plan->count; i++) {
        const struct prepared *prepared = &plan->prepared[i];
        bool has_sql = prepared->statement->sql.len > 0;
        if (prepared->statement->kind == STATEMENT_ANSWER && has_sql && prepared->answer.count == 0)
            return;
    }
    for (size_t k = 0; k < plan->endpoint->column_count; k++) {
        const struct column *column = &plan->endpoint->columns[k];
        bool found = false;
        for (size_t i = 0; i < plan->count; i++)
            found = found || answer_has(&plan->prepared[i].answer, column->name);
        if (found)
            continue;
        struct span shown = list_columns(plan, names, sizeof(names));
        diags_add(diags, plan->endpoint->file, column->line, column->column,
            "the answer has no column %.*s; it has %.*s", SHOW(column->name), (int)shown.len, shown.at);
    }
}

// --- life

static enum err_code prepare_all(struct plan *plan, const struct preparing *preparing)
{
    const struct endpoint *endpoint = plan->endpoint;
    plan->prepared = arena_zalloc(&plan->arena, endpoint->statement_count, sizeof(*plan->prepared));
    if (plan->prepared == NULL)
        return err_no_memory(preparing->err);
    enum err_code code;
    // A read is prepared without the table batch, of which another endpoint may have left one on this
    // connection.
    if (endpoint_is_read(endpoint))
        code = store_batch_close(preparing->conn, preparing->err);
    else
        code = store_batch_open(
            preparing->conn, endpoint->field_names, endpoint_batch_columns(endpoint), preparing->err);
    size_t before = diags_total(preparing->diags);
    if (code == ERR_NONE && endpoint->depends_count > 0)
        code = depends_check(endpoint, preparing->conn, preparing->diags, preparing->err);
    if (diags_total(preparing->diags) > before) // which its statements would tell of again
        return code;
    for (size_t i = 0; code == ERR_NONE && i < endpoint->statement_count; i++) {
        code = prepared_init(preparing, &endpoint->statements[i], &plan->prepared[i]);
        plan->count = i + 1;
    }
    return code;
}

// ERR_STALE when the tables have changed between two of the statements.
static enum err_code try_new(const struct endpoint *endpoint, struct store_conn *conn, struct diags *diags,
    struct plan **ret_plan, struct err *err)
{
    struct plan *plan = mem_zalloc(1, sizeof(*plan));
    if (plan == NULL)
        return err_no_memory(err);
    arena_init(&plan->arena, PLAN_BYTES);
    plan->endpoint = endpoint;
    plan->conn = conn;
    size_t before = diags_total(diags);
    struct preparing preparing = {
        .endpoint = endpoint, .conn = conn, .arena = &plan->arena, .diags = diags, .err = err};
    enum err_code code = prepare_all(plan, &preparing);
    if (code == ERR_NONE && plan->count == endpoint->statement_count)
        check_columns(plan, diags);
    if (code == ERR_NONE && diags_total(diags) > before)
        code = err_set(err, ERR_CONFIG, "%s has errors", endpoint->file);
    if (code == ERR_NONE)
        code = ahead_prepare(plan, err);
    if (code != ERR_NONE) {
        plan_free(plan);
        return code;
    }
    *ret_plan = plan;
    return ERR_NONE;
}

enum err_code plan_new(const struct endpoint *endpoint, struct store_conn *conn, struct diags *diags,
    struct plan **ret_plan, struct err *err)
{
    struct err failure = {0};
    enum err_code code = try_new(endpoint, conn, diags, ret_plan, &failure);
    for (unsigned tries = 1; code == ERR_STALE && tries < LIMIT_READ_TRIES; tries++) {
        failure = (struct err){0};
        code = try_new(endpoint, conn, diags, ret_plan, &failure);
    }
    if (code != ERR_NONE)
        *err = failure;
    return code;
}

void plan_free(struct plan *plan)
{
    if (plan == NULL)
        return;
    for (size_t i = 0; i < plan->count; i++)
        prepared_fini(&plan->prepared[i]);
    store_finalize(plan->merged_check);
    arena_fini(&plan->arena);
    mem_free(plan);
}

const struct endpoint *plan_endpoint(const struct plan *plan)
{
    return plan->endpoint;
}

struct store_conn *plan_conn(const struct plan *plan)
{
    return plan->conn;
}

// --- what it hangs on

enum err_code plan_each(const struct plan *plan,
    enum err_code (*on_stmt)(void *ctx, const struct statement *statement, bool is_condition,
        struct store_stmt *stmt, struct err *err),
    void *ctx, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < plan->count; i++) {
        const struct prepared *prepared = &plan->prepared[i];
        if (prepared->stmt != NULL)
            code = on_stmt(ctx, prepared->statement, false, prepared->stmt, err);
        if (code == ERR_NONE && prepared->when != NULL)
            code = on_stmt(ctx, prepared->statement, true, prepared->when, err);
    }
    return code;
}

static enum err_code check_covered(
    void *ctx, const struct statement *statement, bool is_condition, struct store_stmt *stmt, struct err *err)
{
    bool *are_covered = ctx, is_covered = false;
    (void)statement, (void)is_condition;
    enum err_code code = *are_covered ? versions_cover(stmt, &is_covered, err) : ERR_NONE;
    *are_covered = *are_covered && is_covered;
    return code;
}

enum err_code plan_is_covered(const struct plan *plan, bool *ret_is_covered, struct err *err)
{
    bool are_covered = true;
    enum err_code code = plan_each(plan, check_covered, &are_covered, err);
    if (code == ERR_NONE)
        *ret_is_covered = are_covered;
    return code;
}

// A table was told, whichever.
static void on_any_table(void *ctx, const char *table)
{
    bool *has_any = ctx;
    (void)table;
    *has_any = true;
}

enum err_code plan_find_early(struct plan *plan, struct err *err)
{
    bool all_warns = true;
    for (size_t i = 0; i < plan->count; i++) {
        struct prepared *prepared = &plan->prepared[i];
        enum statement_kind kind = prepared->statement->kind;
        bool has_any = false;
        if (kind != STATEMENT_REJECT && kind != STATEMENT_WARN)
            continue;
        enum err_code code = store_reads(prepared->stmt, on_any_table, &has_any, err);
        if (code != ERR_NONE)
            return code;
        prepared->is_early = !has_any;
        all_warns = all_warns && (kind != STATEMENT_WARN || !has_any);
    }
    for (size_t i = 0; i < plan->count && !all_warns; i++) {
        if (plan->prepared[i].statement->kind == STATEMENT_WARN) // told in the order of the file, then
            plan->prepared[i].is_early = false;
    }
    return ERR_NONE;
}

// Adds the number of one statement; a sum of 0 is not known, and stays so.
static void add_schema(uint64_t *sum, const struct store_stmt *stmt)
{
    uint64_t number = stmt != NULL ? versions_schema(stmt) : 0;
    if (stmt != NULL)
        *sum = number == 0 || *sum == 0 ? 0 : *sum + number;
}

uint64_t plan_schema(const struct plan *plan)
{
    uint64_t sum = 1;
    for (size_t i = 0; i < plan->count; i++) {
        const struct prepared *prepared = &plan->prepared[i];
        add_schema(&sum, prepared->stmt);
        add_schema(&sum, prepared->when);
        for (size_t k = 0; prepared->page != NULL && k < PAGE_STATEMENTS; k++)
            add_schema(&sum, page_statement(prepared->page, k));
    }
    add_schema(&sum, plan->merged_check);
    return sum;
}

// --- observing

void plan_observe(struct plan *plan, void (*on_run)(void *ctx, const struct statement_run *run), void *ctx)
{
    plan->on_run = on_run;
    plan->ctx = ctx;
}

// --- checks

enum err_code plan_find(struct plan *plan, enum statement_kind kind, enum check_part part,
    const struct value *params, bool stop_at_first,
    bool (*on_finding)(void *ctx, const struct finding *finding), void *ctx, struct err *err)
{
    struct finder finder = {.on_finding = on_finding, .ctx = ctx, .stop_at_first = stop_at_first};
    bool has_found = false, is_reject = kind == STATEMENT_REJECT;
    enum err_code code = ERR_NONE;
    assert(plan->bound != BOUND_ANSWER && plan->bound != BOUND_CHECKS);
    if (plan->bound == BOUND_NOTHING && is_reject && ahead_is_worthwhile(plan)) {
        code = plan_ask(plan, params, true, err);
    } else if (plan->bound == BOUND_NOTHING && !plan_is_observed(plan)) {
        plan_move(plan, BOUND_CHECKS);
        code = checks_bind(plan, kind, part, params, err);
    }
    if (code == ERR_NONE && plan->bound == BOUND_MERGED_AND_ANSWER)
        return ahead_pass(plan, err);
    if (code == ERR_NONE)
        code = checks_run(plan, kind, part, params, &finder, &has_found, err);
    checks_reset(plan, kind);
    bool is_passed = code == ERR_NONE && !has_found;
    if (is_reject)
        ahead_learn(plan, is_passed);
    if (is_passed && plan->bound == BOUND_CHECKS_AND_ANSWER)
        plan_move(plan, BOUND_ANSWER);
    else
        ahead_forget(plan);
    return code;
}

// --- writes

static void reset_writes(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->prepared[i].statement->kind == STATEMENT_WRITE)
            store_reset(plan->prepared[i].stmt);
    }
}

// Binds all writes and the sole answer before the first of them runs: a store on another machine is asked
// once then.
static enum err_code bind_writes(struct plan *plan, const struct value *params, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < plan->count; i++) {
        const struct prepared *prepared = &plan->prepared[i];
        if (prepared->statement->kind != STATEMENT_WRITE)
            continue;
        code = store_bind(prepared->stmt, params, err);
        if (code != ERR_NONE) {
            plan_note_end(plan, prepared, prepared->stmt, code);
            plan_place_failure(plan, err);
        }
    }
    if (code == ERR_NONE && plan->sole != NULL && plan->sole->stmt != NULL) {
        plan_move(plan, BOUND_ANSWER);
        code = store_bind(plan->sole->stmt, params, err);
    }
    return code;
}

enum err_code plan_write(struct plan *plan, const struct value *params, struct err *err)
{
    bool is_bound = store_round_trip_is_costly(plan->conn) && !plan_is_observed(plan);
    enum err_code code = is_bound ? bind_writes(plan, params, err) : ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < plan->count; i++) {
        const struct prepared *prepared = &plan->prepared[i];
        if (prepared->statement->kind != STATEMENT_WRITE)
            continue;
        uint64_t started_ns = plan_start_run(plan),
                 rows = 0; // those of RETURNING are counted and thrown away
        bool has_row = true;
        if (!is_bound)
            code = store_bind(prepared->stmt, params, err);
        while (code == ERR_NONE && has_row) {
            code = store_step(prepared->stmt, &has_row, err);
            rows += code == ERR_NONE && has_row;
        }
        plan_note_end(plan, prepared, prepared->stmt, code);
        plan_end_run(plan, prepared, prepared->stmt, rows, started_ns);
        plan_place_failure(plan, err);
        store_reset(prepared->stmt);
    }
    if (code != ERR_NONE) {
        reset_writes(plan);
        ahead_forget(plan);
    }
    return code;
}

// --- the answer

static bool decimal_is_zero(struct span digits)
{
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] >= '1' && digits.at[i] <= '9')
            return false;
    }
    return true;
}

// Whether the condition of an answer is true. Conditions are asked one by one, as a later one may make no
// sense where an earlier one holds.
static enum err_code holds(struct plan *plan, const struct prepared *prepared, const struct value *params,
    bool *ret_holds, struct err *err)
{
    uint64_t started_ns = plan_start_run(plan);
    struct value value = {.kind = VALUE_NULL};
    bool has_row = false, is_true = false;
    enum err_code code = store_bind(prepared->when, params, err);
    if (code == ERR_NONE)
        code = store_step(prepared->when, &has_row, err);
    if (code == ERR_NONE && has_row)
        code = store_column(prepared->when, 0, &value, err);
    if (code == ERR_NONE && value.kind == VALUE_TEXT)
        code = err_set(err, ERR_STORE, "the condition is a text, neither true nor false");
    if (value.kind == VALUE_INTEGER)
        is_true = value.integer != 0;
    else if (value.kind == VALUE_REAL)
        is_true = value.real != 0;
    else if (value.kind == VALUE_DECIMAL)
        is_true = !decimal_is_zero(value.text);
    plan_note_end(plan, prepared, prepared->when, code);
    plan_end_run(plan, prepared, prepared->when, has_row, started_ns);
    plan_place_failure(plan, err);
    store_reset(prepared->when);
    if (code == ERR_NONE)
        *ret_holds = is_true;
    return code;
}

// The first answer whose condition is true; NULL when none is.
static enum err_code choose(
    struct plan *plan, const struct value *params, const struct prepared **ret_prepared, struct err *err)
{
    bool is_it = false;
    for (size_t i = 0; i < plan->count; i++) {
        const struct prepared *prepared = &plan->prepared[i];
        if (prepared->statement->kind != STATEMENT_ANSWER)
            continue;
        enum err_code code = ERR_NONE;
        if (prepared->when == NULL)
            is_it = true;
        else
            code = holds(plan, prepared, params, &is_it, err);
        if (code != ERR_NONE)
            return code;
        if (is_it) {
            *ret_prepared = prepared;
            return ERR_NONE;
        }
    }
    *ret_prepared = NULL;
    return ERR_NONE;
}

static enum err_code write_rows(struct answer_run *run, struct store_stmt *stmt, struct err *err)
{
    bool has_row = false;
    enum err_code code = ERR_NONE;
    answer_start(run);
    while (!answer_is_full(run) && (code = store_step(stmt, &has_row, err)) == ERR_NONE && has_row) {
        code = answer_row(run, stmt, err);
        if (code != ERR_NONE)
            break;
    }
    return code == ERR_NONE ? answer_end(run, err) : code;
}

enum err_code plan_answer(struct plan *plan, const struct value *params, enum answer_format format,
    struct spool *out, struct answered *ret_answered, struct err *err)
{
    const struct prepared *chosen = NULL;
    struct answered answered = {0};
    enum err_code code = choose(plan, params, &chosen, err);
    if (code != ERR_NONE)
        return code;
    if (chosen == NULL) // the directives rule it out: the last answer has no condition
        return err_set(err, ERR_STORE, "%s: no @answer is for these parameters", plan->endpoint->file);
    if (chosen->stmt == NULL) { // status 204
        *ret_answered = (struct answered){.status = chosen->statement->status};
        return ERR_NONE;
    }
    struct answer_run run = {.answer = &chosen->answer, .format = format, .out = out};
    struct store_stmt *stmt = chosen->stmt;
    uint64_t started_ns = plan_start_run(plan);
    bool is_bound = plan->bound == BOUND_ANSWER;
    if (endpoint_is_read(plan->endpoint) && !is_bound)
        store_last(plan->conn);
    if (chosen->page == NULL) {
        if (!is_bound)
            code = store_bind(stmt, params, err);
        if (code == ERR_NONE)
            code = write_rows(&run, stmt, err);
    } else {
        code = page_bind(chosen->page, params, &stmt, err);
        if (code == ERR_NONE)
            code = page_write(chosen->page, stmt, &run, &answered.cursor, err);
    }
    plan_note_end(plan, chosen, stmt, code);
    plan_end_run(plan, chosen, stmt, run.rows, started_ns);
    plan_place_failure(plan, err);
    store_reset(stmt);
    if (is_bound)
        plan_move(plan, BOUND_NOTHING);
    if (code == ERR_NONE) {
        answered.status = chosen->statement->status;
        answered.rows = run.rows;
        *ret_answered = answered;
    }
    return code;
}
