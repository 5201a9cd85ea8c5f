// SPDX-License-Identifier: Apache-2.0
#include "batch/attempt.h"

#include <string.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/limits.h"
#include "batch/culprit.h"
#include "batch/lenient.h"
#include "batch/outbox.h"
#include "batch/run.h"
#include "batch/seal.h"

// What the SQL of a batch may take.
static uint64_t time_of(const struct lane *lane, const struct batch *batch)
{
    uint64_t batch_ms = atomic_load_explicit(&lane->common->batch_ms, memory_order_relaxed);
    return batch_ms * NS_PER_MS + batch->rows.count * UINT64_C(1000) * LIMIT_BATCH_ROW_US;
}

// Puts a batch into the table batch, with its report as it came. It has what is left of its time.
static enum err_code fill(struct lane *lane, struct batch *batch)
{
    const struct endpoint *endpoint = batch->endpoint;
    struct err *err = &batch->err;
    if (report_copy(&batch->report, &batch->found) != ERR_NONE)
        return err_no_memory(err);
    enum err_code code =
        store_batch_open(lane->conn, endpoint->field_names, endpoint_batch_columns(endpoint), err);
    return code == ERR_NONE ? batch_insert(lane->conn, &batch->rows, err) : code;
}

// Whether what a constraint leaves to the commit is checked in the batch's savepoint. Else COMMIT does, and
// culprit_at_commit.
static bool checks_deferred(const struct lane *lane, const struct batch *batch)
{
    return batch->is_dry_run || !store_round_trip_is_costly(lane->conn);
}

// Where COMMIT looks at the others of the group, one of them may be at fault: then all are to run alone.
static enum err_code check_deferred(struct group *group, struct batch *batch)
{
    struct lane *lane = group->lane;
    enum err_code code = store_check_deferred(lane->conn, &batch->err);
    bool may_be_of_others = group->count > 1 && store_round_trip_is_costly(lane->conn) &&
                            (code == ERR_CONFLICT || code == ERR_CONSTRAINT);
    return may_be_of_others ? err_set(&group->err, code, "%s", batch->err.text) : code;
}

// The parameters of its statements, its id among them where they name it.
static const struct value *params_of(const struct lane *lane, const struct batch *batch)
{
    return batch->endpoint->batch_param >= 0 ? lane->params : batch->params;
}

// Gives the batch its id, which goes into its record.
static enum err_code begin_record(struct lane *lane, struct batch *batch)
{
    const struct endpoint *endpoint = batch->endpoint;
    bool wants_id = endpoint->batch_param >= 0;
    if (batch->is_dry_run && !wants_id)
        return ERR_NONE;
    const struct record_of told = {
        .endpoint = endpoint, .source = &batch->source, .rows = batch->rows.count, .wants_id = wants_id};
    enum err_code code = record_begin(&lane->record, &lane->own, &told, &batch->id, &batch->err);
    if (code == ERR_NONE && wants_id)
        lane->params[endpoint->batch_param] = (struct value){.kind = VALUE_INTEGER, .integer = batch->id};
    return code;
}

// The batch's own statements, and its record.
static enum err_code run_statements(struct group *group, struct batch *batch, bool is_staged)
{
    struct lane *lane = group->lane;
    struct err *err = &batch->err;
    AUTO(report_fini) struct report own_warnings = {0};
    enum err_code code = is_staged ? ERR_NONE : fill(lane, batch);
    if (batch->endpoint->batch_param >= 0)
        memcpy(lane->params, batch->params, batch->endpoint->param_count * sizeof(*batch->params));
    const struct batch_run run = {.plan = *lane_plan_of(lane, batch),
        .params = params_of(lane, batch),
        .format = batch->format,
        .report = &batch->found,
        .warnings = is_staged ? &group->warnings : &own_warnings,
        .errors = batch->is_lenient ? &batch->found : NULL,
        .answer = &batch->answer,
        .answered = &batch->answered};
    if (code == ERR_NONE && batch->is_lenient)
        code = lenient_check(&run, &batch->rows, err);
    else if (code == ERR_NONE)
        code = batch_check(&run, is_staged ? CHECKS_LATE : CHECKS_ALL, err);
    if (code == ERR_NONE)
        code = begin_record(lane, batch);
    if (code == ERR_NONE)
        code = batch_write(&run, err);
    if (code == ERR_NONE && checks_deferred(lane, batch))
        code = check_deferred(group, batch);
    if (code == ERR_NONE)
        code = record_end(&lane->record, &batch->id, err);
    record_drop(&lane->record);
    if (batch->is_dry_run)
        batch->id = 0; // it is taken back with the rest
    return code;
}

// What else is true exactly when the rows are in.
static enum err_code bind_others(struct lane *lane, struct batch *batch)
{
    const struct endpoint *endpoint = batch->endpoint;
    enum err_code code = seals_close(batch, &lane->own, &batch->err);
    return code == ERR_NONE && outbox_is_for(endpoint)
               ? outbox_add(&lane->own, endpoint, batch->id, batch->rows.count, &batch->err)
               : code;
}

// *ret_is_rows_fault: the error is one of the batch's own statements, not of a seal's.
static enum err_code run_in_savepoint(struct group *group, struct batch *batch, bool *ret_is_rows_fault)
{
    struct lane *lane = group->lane;
    struct err *err = &batch->err;
    bool is_staged = group->is_staged && batch == group->first;
    uint64_t staging_ns = is_staged ? group->staging_ns : 0;
    store_deadline(lane->conn, clock_monotonic_ns() + time_of(lane, batch) - staging_ns);
    enum err_code code = batch->is_dry_run ? ERR_NONE : seals_open(batch, &lane->own, err);
    if (code == ERR_NONE && !batch->is_known) {
        code = run_statements(group, batch, is_staged);
        *ret_is_rows_fault = code != ERR_NONE;
        if (code == ERR_NONE && !batch->is_dry_run)
            code = bind_others(lane, batch);
    }
    store_deadline(lane->conn, 0);
    return code;
}

enum err_code attempt_find_culprit(
    const struct group *group, struct batch *batch, bool is_deferred, struct err *ret_lost)
{
    struct culprit_case failed = {.plan = *lane_plan_of(group->lane, batch),
        .params = params_of(group->lane, batch),
        .rows = &batch->rows,
        .format = batch->format,
        .took_ns = group->took_ns,
        .most_ms = LIMIT_CULPRIT_MS,
        .is_deferred = is_deferred};
    return culprit_find(&failed, &batch->found, &batch->err, ret_lost);
}

// Ends the savepoint of a batch that is in. What its seals and its outbox have only sent is waited for, so
// that a failure of that is the batch's own and meets no other one of the group; behind RELEASE, as COMMIT
// need not wait then.
static enum err_code release(struct group *group, struct batch *batch)
{
    struct store_conn *conn = group->lane->conn;
    enum err_code code = store_release(conn, &group->err);
    if (code != ERR_NONE || (batch->seals == NULL && !outbox_is_for(batch->endpoint)))
        return code;
    code = store_wait_sent(conn, &batch->err);
    if (code == ERR_ABORTED || code == ERR_STALE)
        return err_set(&group->err, code, "%s", batch->err.text);
    return code == ERR_NONE ? ERR_NONE : store_rollback_to(conn, &group->err);
}

// Of a batch that went well.
static enum err_code end_savepoint(struct group *group, struct batch *batch)
{
    struct store_conn *conn = group->lane->conn;
    if (batch_goes_in(batch)) {
        group->has_writes = true;
        return release(group, batch);
    }
    group->has_rolled_back = true;
    return store_rollback_to(conn, &group->err);
}

// Of a batch that has failed with that code, as batch->err or group->err says: takes back its savepoint, and
// looks for the row where that may be at fault. What is returned is the group's own error.
static enum err_code end_failed(
    struct group *group, struct batch *batch, enum err_code code, bool is_rows_fault)
{
    struct lane *lane = group->lane;
    struct err *all = &group->err;
    if (all->code != ERR_NONE) // by check_deferred
        return all->code;
    if (code == ERR_ABORTED || code == ERR_STALE) // with all locks that the others of the group may hold
        return err_set(all, code, "%s", batch->err.text);
    bool is_ended = lane_is_ended(lane, &batch->err); // it was interrupted then, most likely
    bool is_deferred = checks_deferred(lane, batch);
    code = store_rollback_to(lane->conn, all);
    if (code != ERR_NONE || is_ended || !is_rows_fault)
        return code;
    return attempt_find_culprit(group, batch, is_deferred, all);
}

enum err_code attempt_run(struct group *group, struct batch *batch)
{
    struct lane *lane = group->lane;
    enum err_code code = store_savepoint(lane->conn, &group->err);
    if (code != ERR_NONE)
        return code;
    CRASH_POINT("batch-begun");
    uint64_t start_ns = clock_monotonic_ns() - (batch == group->first ? group->staging_ns : 0);
    if (!group->is_staged || batch != group->first) // whose early checks have run
        plan_forget_runs(*lane_plan_of(lane, batch));
    bool is_rows_fault = false;
    code = run_in_savepoint(group, batch, &is_rows_fault);
    slowest_note(&group->slowest, batch, *lane_plan_of(lane, batch));
    CRASH_POINT("batch-run");
    batch->begun_ns = start_ns;
    batch->ran_ns = clock_monotonic_ns();
    group->took_ns = batch->ran_ns - start_ns;
    return code == ERR_NONE ? end_savepoint(group, batch) : end_failed(group, batch, code, is_rows_fault);
}

void attempt_forget(struct batch *batch)
{
    batch->err = (struct err){0};
    batch->answered = (struct answered){0};
    batch->is_known = false;
    batch->id = 0;
    batch->begun_ns = batch->ran_ns = batch->over_ns = 0;
    report_fini(&batch->found);
    rows_put_back(&batch->rows);
    spool_reset(&batch->answer);
}

enum err_code attempt_early(struct group *group)
{
    struct lane *lane = group->lane;
    struct batch *batch = group->first;
    struct plan *plan = *lane_plan_of(lane, batch);
    const struct batch_run run = {
        .plan = plan, .params = batch->params, .report = &batch->found, .warnings = &group->warnings};
    uint64_t start_ns = clock_monotonic_ns();
    plan_forget_runs(plan);
    store_deadline(lane->conn, start_ns + time_of(lane, batch));
    enum err_code code = fill(lane, batch);
    if (code == ERR_NONE)
        code = batch_run_early(&run, &batch->err);
    store_deadline(lane->conn, 0);
    group->is_staged = code == ERR_NONE;
    group->staging_ns = clock_monotonic_ns() - start_ns;
    return code;
}
