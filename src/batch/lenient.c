// SPDX-License-Identifier: Apache-2.0
// Rows are left out by filling the table batch anew with those that are left: a DELETE of many rows would
// cost more than that on both stores, and would have the statements planned for a table that is not there any
// more. The plan's thread.
#include "batch/lenient.h"

#include "app/findings.h"
#include "base/limits.h"
#include "batch/line_set.h"
#include "batch/violated.h"

// What one round of rejects has found.
struct round {
    struct line_set bad; // the lines
    bool has_other;      // something that is about no line of the batch
    int status;          // of the first such @reject
};

static void on_line(void *ctx, int64_t line, int status)
{
    struct round *round = ctx;
    if (line_set_add(&round->bad, line) || round->has_other)
        return;
    round->has_other = true;
    round->status = status;
}

static enum err_code refuse(const struct report *report, const char *why, struct err *err)
{
    return err_set(
        err, ERR_INVALID, "errors in the batch: %zu%s; nothing of it was written", report->total, why);
}

// Fills the table batch with the rows that are left.
static enum err_code refill(struct plan *plan, const struct rows *rows, struct err *err)
{
    const struct endpoint *endpoint = plan_endpoint(plan);
    enum err_code code =
        store_batch_open(plan_conn(plan), endpoint->field_names, endpoint_batch_columns(endpoint), err);
    return code == ERR_NONE ? batch_insert(plan_conn(plan), rows, err) : code;
}

// Leaves out what a round has found, unless that refuses the batch.
static enum err_code leave_out(
    struct plan *plan, const struct round *round, struct rows *rows, struct report *report, struct err *err)
{
    size_t found;
    if (round->has_other) {
        report->status = round->status; // for which it is refused, whatever came before
        return refuse(report, ", of which some are not about a row", err);
    }
    enum err_code code = rows_leave_out(rows, &round->bad, &found, err);
    if (code != ERR_NONE)
        return code;
    if (found < round->bad.count)
        return refuse(report, ", of which some name a line that has no row", err);
    return rows->count > 0 ? refill(plan, rows, err) : refuse(report, "", err);
}

// Runs the rejects, and leaves out what they have found. *ret_is_done: they have found nothing.
static enum err_code run_round(struct plan *plan, const struct value *params, struct rows *rows,
    struct report *report, bool *ret_is_done, struct err *err)
{
    size_t total = report->total;
    struct round round = {.has_other = false};
    enum err_code code = line_set_init(&round.bad, rows->last_line, rows->budget, err);
    if (code != ERR_NONE)
        return code;
    code = findings_collect_lines(plan, params, report, on_line, &round, err);
    *ret_is_done = report->total == total;
    if (code == ERR_NONE && rows->count == 0) // the intake has refused all of them
        code = refuse(report, "", err);
    else if (code == ERR_NONE && !*ret_is_done)
        code = leave_out(plan, &round, rows, report, err);
    line_set_fini(&round.bad);
    return code;
}

enum err_code lenient_check(const struct batch_run *run, struct rows *rows, struct err *err)
{
    struct plan *plan = run->plan;
    struct report *report = run->report;
    enum err_code code = ERR_NONE;
    bool is_done = false;
    if (report->is_cut)
        return refuse(report, ", and the rest was not read", err);
    for (unsigned i = 0; code == ERR_NONE && !is_done && i < LIMIT_LENIENT_ROUNDS; i++)
        code = run_round(plan, run->params, rows, report, &is_done, err);
    if (code == ERR_CONFLICT || code == ERR_CONSTRAINT) // of a function that a reject calls
        violated_words(plan_conn(plan), plan_endpoint(plan), err);
    if (code == ERR_NONE && !is_done)
        code = refuse(report, ", and leaving rows out led to further ones time and again", err);
    return code == ERR_NONE ? batch_warn(run, CHECKS_ALL, err) : code;
}
