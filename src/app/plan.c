// SPDX-License-Identifier: Apache-2.0
// Preparing is thorough (prepared.c), running is short: a row costs a few appends and no allocation.
#include "app/plan.h"

#include <stdio.h>

#include "app/prepared.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/versions.h"

enum {
    // Columns' names come from one file, and a byte becomes six at most (\u001f)
    PLAN_BYTES = 8 * LIMIT_APP_FILE_BYTES,
    PASSES = 16, // after so many reads in a row that no check refused, the next one is expected to pass
    SLOW_NS = 10 * 1000 * 1000, // a read that takes longer is one that others had better not wait for
};

struct plan {
    const struct endpoint *endpoint;
    struct store_conn *conn;                                    // borrowed
    struct arena arena;                                         // owns the arrays
    struct prepared *prepared;                                  // in order of the file
    size_t count;                                               // of prepared
    void (*on_run)(void *ctx, const struct statement_run *run); // told of each run; NULL: nobody is
    void *ctx;                                                  // handed to it
    const struct prepared *sole; // the answer, where there is but one and it is no page; else NULL
    struct store_stmt *gate;     // owned; tells whether any check of a read finds something; or NULL
    unsigned passes;             // reads in a row that no check has refused; up to PASSES
    bool is_slow;                // the last read took long
    bool is_asked;               // the gate or the checks, and the sole answer, are bound already
};

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
        if (prepared->statement->kind == STATEMENT_ANSWER && prepared->answer.count == 0)
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
    if (endpoint->method == HTTP_GET) // another endpoint's may be there, which nobody sees when it is served
        code = store_batch_close(preparing->conn, preparing->err);
    else
        code =
            store_batch_open(preparing->conn, endpoint->field_names, endpoint->field_count, preparing->err);
    for (size_t i = 0; code == ERR_NONE && i < endpoint->statement_count; i++) {
        code = prepared_init(preparing, &endpoint->statements[i], &plan->prepared[i]);
        plan->count = i + 1;
    }
    return code;
}

static const struct prepared *find_sole_answer(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct prepared *prepared = &plan->prepared[i];
        if (prepared->statement->kind == STATEMENT_ANSWER)
            return prepared->when == NULL && prepared->page == NULL ? prepared : NULL;
    }
    return NULL;
}

// --- the gate: all checks of a read as one statement, which tells by one value whether any finds something

static void append_gate(const struct plan *plan, struct buf *sql)
{
    buf_append_str(sql, "SELECT CASE");
    for (size_t i = 0; i < plan->count; i++) {
        const struct statement *statement = plan->prepared[i].statement;
        if (statement->kind != STATEMENT_REJECT)
            continue;
        buf_append_str(sql, " WHEN EXISTS (\n");
        buf_append(sql, statement->sql.at, statement->sql.len);
        buf_append_str(sql, "\n) THEN 1");
    }
    buf_append_str(sql, " ELSE 0 END");
}

// Where it is worth it, and checks can be part of another statement; else there is none, and nothing is
// amiss.
static enum err_code prepare_gate(struct plan *plan, struct err *err)
{
    const struct endpoint *endpoint = plan->endpoint;
    size_t checks = 0;
    for (size_t i = 0; i < plan->count; i++)
        checks += plan->prepared[i].statement->kind == STATEMENT_REJECT;
    if (endpoint->method != HTTP_GET || plan->sole == NULL || checks < 2 ||
        !store_likes_one_statement(plan->conn))
        return ERR_NONE;
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, 2 * LIMIT_APP_FILE_BYTES);
    append_gate(plan, &sql);
    if (buf_status(&sql) != ERR_NONE)
        return err_no_memory(err);
    struct err wrong = {0};
    enum err_code code = store_prepare(
        plan->conn, buf_span(&sql), endpoint->param_names, endpoint->param_count, &plan->gate, &wrong);
    return code == ERR_NONE || code == ERR_CONFIG ? ERR_NONE : err_set(err, code, "%s", wrong.text);
}

// ERR_STALE when somebody has changed the tables meanwhile.
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
    if (code == ERR_NONE)
        check_columns(plan, diags);
    if (code == ERR_NONE && diags_total(diags) > before)
        code = err_set(err, ERR_CONFIG, "%s has errors", endpoint->file);
    if (code == ERR_NONE) {
        plan->sole = find_sole_answer(plan);
        code = prepare_gate(plan, err);
    }
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
    store_finalize(plan->gate);
    arena_fini(&plan->arena);
    mem_free(plan);
}

const struct endpoint *plan_endpoint(const struct plan *plan)
{
    return plan->endpoint;
}

// The gate and pages read what the statements do that they are made of.
enum err_code plan_is_covered(const struct plan *plan, bool *ret_is_covered, struct err *err)
{
    bool is_covered = true;
    for (size_t i = 0; is_covered && i < plan->count; i++) {
        const struct prepared *prepared = &plan->prepared[i];
        enum err_code code = versions_cover(prepared->stmt, &is_covered, err);
        if (code == ERR_NONE && is_covered && prepared->when != NULL)
            code = versions_cover(prepared->when, &is_covered, err);
        if (code != ERR_NONE)
            return code;
    }
    *ret_is_covered = is_covered;
    return ERR_NONE;
}

// --- observing

void plan_observe(struct plan *plan, void (*on_run)(void *ctx, const struct statement_run *run), void *ctx)
{
    plan->on_run = on_run;
    plan->ctx = ctx;
}

// When a run began, if somebody wants to know.
static uint64_t start_run(const struct plan *plan)
{
    return plan->on_run != NULL ? clock_monotonic_ns() : 0;
}

// Tells of a run of `stmt`, the statement's own or its condition's, before it is reset.
static void end_run(const struct plan *plan, const struct prepared *prepared, struct store_stmt *stmt,
    uint64_t rows, uint64_t started_ns)
{
    if (plan->on_run == NULL)
        return;
    struct statement_run run = {
        .statement = prepared->statement,
        .is_condition = stmt == prepared->when,
        .stmt = stmt,
        .rows = rows,
        .ns = clock_monotonic_ns() - started_ns,
    };
    plan->on_run(plan->ctx, &run);
}

// --- failures

// What a store calls too large is a value that a statement could not work with (a pattern of LIKE), and
// mostly it came with the request.
static enum err_code fail_run(const struct plan *plan, enum err_code code, struct err *err)
{
    bool has_values = plan->endpoint->param_count + plan->endpoint->field_count > 0;
    if (code != ERR_TOO_LARGE)
        return code;
    code = has_values ? ERR_MALFORMED : ERR_STORE;
    if (err != NULL && err->code == ERR_TOO_LARGE)
        err->code = code;
    return code;
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

// Whether the checks are bound together, before the first is run. Not for an observer, who wants the time of
// each by itself.
static bool binds_together(const struct plan *plan)
{
    return plan->on_run == NULL;
}

// Runs a check; *ret_goes_on is false when on_finding wants no more. *ret_rows counts what was found.
static enum err_code run_check(struct plan *plan, const struct prepared *prepared, const struct value *params,
    bool (*on_finding)(void *ctx, const struct finding *finding), void *ctx, uint64_t *ret_rows,
    bool *ret_goes_on, struct err *err)
{
    uint64_t started_ns = start_run(plan), rows = 0;
    bool goes_on = true, has_row = false;
    enum err_code code = binds_together(plan) ? ERR_NONE : store_bind(prepared->stmt, params, err);
    while (code == ERR_NONE && goes_on && (code = store_step(prepared->stmt, &has_row, err)) == ERR_NONE &&
           has_row) {
        struct finding finding;
        rows++;
        code = read_finding(prepared, &finding, err);
        if (code == ERR_NONE)
            goes_on = on_finding(ctx, &finding);
    }
    end_run(plan, prepared, prepared->stmt, rows, started_ns);
    *ret_rows = rows;
    *ret_goes_on = goes_on;
    return code;
}

// Whether the answer is worth asking for together with the checks that may refuse it: for a read that has not
// been refused of late. One that is refused after all has cost the store the beginning of its answer.
static bool expects_to_answer(const struct plan *plan)
{
    return plan->endpoint->method == HTTP_GET && plan->sole != NULL && plan->passes >= PASSES &&
           binds_together(plan);
}

// Binds the checks of that kind, all before the first is run: a store on another machine is asked once then.
static enum err_code bind_checks(
    struct plan *plan, enum statement_kind kind, const struct value *params, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < plan->count; i++) {
        if (plan->prepared[i].statement->kind == kind)
            code = store_bind(plan->prepared[i].stmt, params, err);
    }
    return code;
}

static void reset_checks(struct plan *plan, enum statement_kind kind)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->prepared[i].statement->kind == kind)
            store_reset(plan->prepared[i].stmt);
    }
}

bool plan_goes_together(const struct plan *plan)
{
    bool is_short = plan->gate != NULL || plan->count <= 2; // what is under way on a connection has a bound
    return expects_to_answer(plan) && is_short && !plan->is_slow && store_likes_one_statement(plan->conn);
}

void plan_took(struct plan *plan, uint64_t ns)
{
    plan->is_slow = ns > SLOW_NS;
}

// What was asked is of no use any more.
static void forget(struct plan *plan)
{
    if (!plan->is_asked)
        return;
    if (plan->gate != NULL)
        store_reset(plan->gate);
    reset_checks(plan, STATEMENT_REJECT);
    store_reset(plan->sole->stmt);
    plan->is_asked = false;
}

enum err_code plan_ask(struct plan *plan, const struct value *params, bool is_last, struct err *err)
{
    enum err_code code = plan->gate != NULL ? store_bind(plan->gate, params, err)
                                            : bind_checks(plan, STATEMENT_REJECT, params, err);
    if (code == ERR_NONE && is_last)
        store_last(plan->conn);
    if (code == ERR_NONE)
        code = store_bind(plan->sole->stmt, params, err);
    plan->is_asked = true;
    if (code != ERR_NONE)
        forget(plan);
    return fail_run(plan, code, err);
}

// ERR_AGAIN where a check finds something: the transaction may have ended along with the answer, and what
// there is to tell takes another one.
static enum err_code pass_gate(struct plan *plan, struct err *err)
{
    struct value found = {.kind = VALUE_INTEGER, .integer = 1};
    bool has_row = false;
    enum err_code code = store_step(plan->gate, &has_row, err);
    if (code == ERR_NONE && has_row)
        code = store_column(plan->gate, 0, &found, err);
    store_reset(plan->gate);
    if (code == ERR_NONE && found.integer == 0)
        return ERR_NONE;
    plan->passes = 0;
    forget(plan);
    return code == ERR_NONE ? err_set(err, ERR_AGAIN, "a check has found something: ask which") : code;
}

// Runs the checks one by one; those of a plan that is asked, or that binds them together, are bound.
static enum err_code run_checks(struct plan *plan, enum statement_kind kind, const struct value *params,
    bool stop_at_first, bool (*on_finding)(void *ctx, const struct finding *finding), void *ctx,
    bool *ret_has_found, struct err *err)
{
    bool goes_on = true;
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && goes_on && i < plan->count; i++) {
        uint64_t rows = 0;
        if (plan->prepared[i].statement->kind != kind)
            continue;
        code = run_check(plan, &plan->prepared[i], params, on_finding, ctx, &rows, &goes_on, err);
        store_reset(plan->prepared[i].stmt);
        *ret_has_found = *ret_has_found || rows > 0;
        goes_on = goes_on && !(stop_at_first && rows > 0);
    }
    return code;
}

enum err_code plan_find(struct plan *plan, enum statement_kind kind, const struct value *params,
    bool stop_at_first, bool (*on_finding)(void *ctx, const struct finding *finding), void *ctx,
    struct err *err)
{
    bool has_found = false, is_reject = kind == STATEMENT_REJECT;
    enum err_code code = ERR_NONE;
    if (!plan->is_asked && is_reject && expects_to_answer(plan))
        code = plan_ask(plan, params, true, err);
    else if (!plan->is_asked && binds_together(plan))
        code = bind_checks(plan, kind, params, err);
    if (code == ERR_NONE && plan->is_asked && plan->gate != NULL)
        return fail_run(plan, pass_gate(plan, err), err);
    if (code == ERR_NONE)
        code = run_checks(plan, kind, params, stop_at_first, on_finding, ctx, &has_found, err);
    reset_checks(plan, kind);
    bool is_passed = code == ERR_NONE && !has_found;
    if (is_reject)
        plan->passes = is_passed ? plan->passes + (plan->passes < PASSES) : 0;
    if (!is_passed)
        forget(plan);
    return fail_run(plan, code, err);
}

// --- writes

enum err_code plan_write(struct plan *plan, const struct value *params, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < plan->count; i++) {
        const struct prepared *prepared = &plan->prepared[i];
        if (prepared->statement->kind != STATEMENT_WRITE)
            continue;
        uint64_t started_ns = start_run(plan), rows = 0; // of RETURNING, which nobody reads
        bool has_row = true;
        code = store_bind(prepared->stmt, params, err);
        while (code == ERR_NONE && has_row) {
            code = store_step(prepared->stmt, &has_row, err);
            rows += code == ERR_NONE && has_row;
        }
        end_run(plan, prepared, prepared->stmt, rows, started_ns);
        store_reset(prepared->stmt);
    }
    return fail_run(plan, code, err);
}

// --- the answer

// Whether the answer is the one: what its condition gives is true. Conditions are asked one by one, as a
// later one may make no sense where an earlier one holds.
static enum err_code holds(struct plan *plan, const struct prepared *prepared, const struct value *params,
    bool *ret_holds, struct err *err)
{
    uint64_t started_ns = start_run(plan);
    struct value value = {.kind = VALUE_NULL};
    bool has_row = false, is_true = false;
    enum err_code code = store_bind(prepared->when, params, err);
    if (code == ERR_NONE)
        code = store_step(prepared->when, &has_row, err);
    if (code == ERR_NONE && has_row)
        code = store_column(prepared->when, 0, &value, err);
    if (code == ERR_NONE && value.kind == VALUE_TEXT)
        code = err_set(err, ERR_STORE, "%s:%u: the condition is a text, neither true nor false",
            plan->endpoint->file, (unsigned)prepared->statement->when_line);
    if (value.kind == VALUE_INTEGER)
        is_true = value.integer != 0;
    else if (value.kind == VALUE_REAL)
        is_true = value.real != 0;
    end_run(plan, prepared, prepared->when, has_row, started_ns);
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
        return fail_run(plan, code, err);
    if (chosen == NULL) // the directives rule it out: the last answer has no condition
        return err_set(err, ERR_STORE, "%s: no @answer is for these parameters", plan->endpoint->file);
    struct answer_run run = {.answer = &chosen->answer, .format = format, .out = out};
    struct store_stmt *stmt = chosen->stmt;
    uint64_t started_ns = start_run(plan);
    if (plan->endpoint->method == HTTP_GET && !plan->is_asked)
        store_last(plan->conn);
    if (chosen->page == NULL) {
        if (!plan->is_asked)
            code = store_bind(stmt, params, err);
        if (code == ERR_NONE)
            code = write_rows(&run, stmt, err);
    } else {
        code = page_bind(chosen->page, params, &stmt, err);
        if (code == ERR_NONE)
            code = page_write(chosen->page, stmt, &run, &answered.cursor, err);
    }
    end_run(plan, chosen, stmt, run.rows, started_ns);
    store_reset(stmt);
    plan->is_asked = false;
    if (code == ERR_NONE) {
        answered.status = chosen->statement->status;
        *ret_answered = answered;
    }
    return fail_run(plan, code, err);
}

const char *answer_media_type(enum answer_format format)
{
    static const char *const types[] = {
        [FORMAT_JSON] = "application/json",
        [FORMAT_NDJSON] = "application/x-ndjson",
        [FORMAT_CSV] = "text/csv; charset=utf-8; header=present",
        [FORMAT_TEXT] = "text/plain; charset=utf-8",
    };
    return types[format];
}
