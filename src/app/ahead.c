// SPDX-License-Identifier: Apache-2.0
// On a store on another machine a statement costs more to start than most checks take, and a round trip more
// than both. So the checks of a read become one statement beside themselves, and where they have passed for a
// while, that one and the answer are asked for at once. What a check found is only told by the check itself
// (checks.c), in another transaction. The plan's thread.
#include "app/ahead.h"

#include "app/checks.h"
#include "base/clock.h"
#include "base/limits.h"

enum {
    PASSES = 16, // after so many reads in a row that no check refused, the next one is expected to pass
    TOGETHER_STATEMENTS = 2, // the most that a read may have under way where there is no merged check
};

// --- preparing

static const struct prepared *find_sole_answer(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct prepared *prepared = &plan->prepared[i];
        if (prepared->statement->kind == STATEMENT_ANSWER)
            return prepared->when == NULL && prepared->page == NULL ? prepared : NULL;
    }
    return NULL;
}

// Gives one value: 1 when any check finds something, else 0. Each check has lines of its own, as it may end
// with a comment.
static void append_merged_check(const struct plan *plan, struct buf *sql)
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

static enum err_code prepare_merged_check(struct plan *plan, struct err *err)
{
    const struct endpoint *endpoint = plan->endpoint;
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, 2 * LIMIT_APP_FILE_BYTES);
    append_merged_check(plan, &sql);
    if (buf_status(&sql) != ERR_NONE)
        return err_no_memory(err);
    struct err wrong = {0};
    enum err_code code = store_prepare(plan->conn, buf_span(&sql), endpoint->param_names,
        endpoint->param_count, &plan->merged_check, &wrong);
    bool cannot_be_merged = code == ERR_CONFIG;
    return code == ERR_NONE || cannot_be_merged ? ERR_NONE : err_set(err, code, "%s", wrong.text);
}

enum err_code ahead_prepare(struct plan *plan, struct err *err)
{
    size_t checks = 0;
    for (size_t i = 0; i < plan->count; i++)
        checks += plan->prepared[i].statement->kind == STATEMENT_REJECT;
    plan->sole = find_sole_answer(plan);
    if (!endpoint_is_read(plan->endpoint) || plan->sole == NULL || checks < 2 ||
        !store_round_trip_is_costly(plan->conn))
        return ERR_NONE;
    return prepare_merged_check(plan, err);
}

// --- expecting the next read to pass

bool ahead_is_worthwhile(const struct plan *plan)
{
    return endpoint_is_read(plan->endpoint) && plan->sole != NULL && plan->passes >= PASSES &&
           !plan_is_observed(plan);
}

bool plan_goes_together(const struct plan *plan)
{
    // A connection has room for a bounded number of statements that are under way.
    bool is_short = plan->merged_check != NULL || plan->count <= TOGETHER_STATEMENTS;
    return ahead_is_worthwhile(plan) && is_short && !plan->is_slow && store_round_trip_is_costly(plan->conn);
}

void plan_took(struct plan *plan, uint64_t ns)
{
    plan->is_slow = ns > LIMIT_QUICK_MS * NS_PER_MS;
}

void ahead_learn(struct plan *plan, bool is_passed)
{
    plan->passes = is_passed ? plan->passes + (plan->passes < PASSES) : 0;
}

// --- asking

void ahead_forget(struct plan *plan)
{
    if (plan->bound == BOUND_NOTHING)
        return;
    if (plan->bound == BOUND_MERGED_AND_ANSWER)
        store_reset(plan->merged_check);
    else if (plan->bound == BOUND_CHECKS_AND_ANSWER)
        checks_reset(plan, STATEMENT_REJECT);
    if (plan->bound != BOUND_CHECKS)
        store_reset(plan->sole->stmt);
    plan_move(plan, BOUND_NOTHING);
}

enum err_code plan_ask(struct plan *plan, const struct value *params, bool is_last, struct err *err)
{
    enum err_code code;
    if (plan->merged_check != NULL) {
        plan_move(plan, BOUND_MERGED_AND_ANSWER);
        code = store_bind(plan->merged_check, params, err);
    } else {
        plan_move(plan, BOUND_CHECKS_AND_ANSWER);
        code = checks_bind(plan, STATEMENT_REJECT, CHECKS_ALL, params, err);
    }
    if (code == ERR_NONE && is_last)
        store_last(plan->conn);
    if (code == ERR_NONE)
        code = store_bind(plan->sole->stmt, params, err);
    if (code != ERR_NONE)
        ahead_forget(plan);
    return code;
}

enum err_code ahead_pass(struct plan *plan, struct err *err)
{
    struct value found = {.kind = VALUE_INTEGER, .integer = 1};
    bool has_row = false;
    uint64_t started_ns = plan_start_run(plan);
    enum err_code code = store_step(plan->merged_check, &has_row, err);
    if (code == ERR_NONE && has_row)
        code = store_column(plan->merged_check, 0, &found, err);
    plan_end_run(plan, plan->sole, plan->sole->stmt, 0, started_ns); // which was asked along with it
    if (code == ERR_NONE && found.integer == 0) {
        store_reset(plan->merged_check);
        plan_move(plan, BOUND_ANSWER);
        return ERR_NONE;
    }
    plan_note_end(plan, NULL, plan->merged_check, code);
    ahead_learn(plan, false);
    ahead_forget(plan);
    return code == ERR_NONE ? err_set(err, ERR_AGAIN, "a check has found something: ask which") : code;
}
