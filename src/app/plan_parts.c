// SPDX-License-Identifier: Apache-2.0
// The moves between the states of a plan, and how a run is told to an observer: what checks.c, ahead.c and
// plan.c all need. The plan's thread.
#include "app/plan_parts.h"

#include <assert.h>

#include "app/place.h"
#include "base/clock.h"

void plan_move(struct plan *plan, enum plan_bound to)
{
#define TO(state) (1U << (state))
    static const unsigned allowed[PLAN_BOUNDS] = {
        [BOUND_NOTHING] =
            TO(BOUND_CHECKS) | TO(BOUND_CHECKS_AND_ANSWER) | TO(BOUND_MERGED_AND_ANSWER) | TO(BOUND_ANSWER),
        [BOUND_CHECKS] = TO(BOUND_NOTHING),
        [BOUND_CHECKS_AND_ANSWER] = TO(BOUND_ANSWER) | TO(BOUND_NOTHING),
        [BOUND_MERGED_AND_ANSWER] = TO(BOUND_ANSWER) | TO(BOUND_NOTHING),
        [BOUND_ANSWER] = TO(BOUND_NOTHING),
    };
    assert((allowed[plan->bound] & TO(to)) != 0);
#undef TO
    plan->bound = to;
}

uint64_t plan_start_run(const struct plan *plan)
{
    return plan_is_observed(plan) ? clock_monotonic_ns() : clock_coarse_ns();
}

// Whether the time of a run may be that of other statements, which were asked along with it: a store on
// another machine may send all answers when it has the last one.
static bool is_together(const struct plan *plan, enum statement_kind kind)
{
    bool is_last = kind == STATEMENT_ANSWER && plan->bound == BOUND_ANSWER;
    return plan->bound != BOUND_NOTHING && !is_last;
}

void plan_end_run(struct plan *plan, const struct prepared *prepared, struct store_stmt *stmt, uint64_t rows,
    uint64_t started_ns)
{
    uint64_t now_ns = plan_is_observed(plan) ? clock_monotonic_ns() : clock_coarse_ns();
    if (!plan_is_observed(plan) && now_ns - started_ns <= plan->slowest.ns)
        return;
    struct statement_run run = {
        .statement = prepared->statement,
        .is_condition = stmt == prepared->when,
        .stmt = stmt,
        .rows = rows,
        .ns = now_ns - started_ns,
        .is_together = is_together(plan, prepared->statement->kind),
    };
    if (plan_is_observed(plan))
        plan->on_run(plan->ctx, &run);
    if (run.ns > plan->slowest.ns)
        plan->slowest = run;
}

const struct statement_run *plan_slowest(const struct plan *plan)
{
    return &plan->slowest;
}

void plan_forget_runs(struct plan *plan)
{
    plan->slowest = (struct statement_run){0};
}

void plan_note_end(
    struct plan *plan, const struct prepared *prepared, struct store_stmt *stmt, enum err_code code)
{
    if (code != ERR_VALUE && code != ERR_CONSTRAINT && code != ERR_STORE)
        return;
    plan->failed = prepared;
    plan->failed_stmt = stmt;
}

void plan_place_failure(const struct plan *plan, struct err *err)
{
    const struct prepared *failed = plan->failed;
    if (err == NULL || err->code != ERR_STORE || failed == NULL)
        return;
    const struct statement *statement = failed->statement;
    struct place place = {.line = statement->when_line, .column = statement->when_column};
    if (plan->failed_stmt != failed->when)
        place = statement_place(statement, (struct place){.line = err->line, .column = err->column});
    err->line = err->column = 0; // which are of the statement, and now in the text
    err_prefix(err, "%s:%u:%u", plan->endpoint->file, (unsigned)place.line, (unsigned)place.column);
}
