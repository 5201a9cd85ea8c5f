// SPDX-License-Identifier: Apache-2.0
// Works out one answer: a transaction, the rejects, the answer, into a spool. A try that fails leaves nothing
// in the spool and the report when the next one begins. The worker's thread.
#include "serve/reading.h"

#include "app/blame.h"
#include "app/findings.h"
#include "base/clock.h"
#include "base/limits.h"
#include "serve/landing.h"
#include "serve/read_policy.h"

// --- life

void reading_init(struct reading *reading, struct request *request, struct handle *primary)
{
    *reading = (struct reading){.request = request, .primary = primary};
    spool_init(&reading->out, &request->context->spools, LIMIT_SPOOL_FILE_BYTES);
}

void reading_fini(struct reading *reading)
{
    spool_fini(&reading->out);
}

void reading_start(struct reading *reading)
{
    reading->start_ns = clock_monotonic_ns();
    uint64_t read_ms = atomic_load_explicit(&reading->request->context->read_ms, memory_order_relaxed);
    reading->deadline_ns = reading->start_ns + read_ms * NS_PER_MS;
}

void reading_forget(struct reading *reading)
{
    spool_reset(&reading->out);
    report_fini(&reading->request->report);
}

// False without memory; the response says so then.
static bool take_answer(struct reading *reading)
{
    reading->request->cursor = reading->answered.cursor;
    return request_set_answer(reading->request, &reading->answered, &reading->out);
}

static struct landing_marks marks_of(struct reading *reading)
{
    return (struct landing_marks){
        .marks = reading->marks, .count = reading->mark_count, .are_known = reading->has_marks};
}

void reading_set_answer(struct reading *reading)
{
    struct landing_marks marks = marks_of(reading);
    if (take_answer(reading))
        kept_unref(landing_keep(reading->request, &marks, reading->start_ns, false));
}

void reading_set_error(struct reading *reading, const struct err *err)
{
    struct request *request = reading->request;
    trace_note(request->trace, "queue", request->came_ns, reading->start_ns);
    trace_note(request->trace, "sql", reading->start_ns, clock_monotonic_ns());
    request_set_error(request, err, &request->report);
}

void reading_send_answer(struct reading *reading)
{
    struct landing_marks marks = marks_of(reading);
    if (take_answer(reading))
        landing_answer(reading->request, &marks, reading->start_ns);
    else
        landing_error(reading->request);
    reading->request = NULL;
}

void reading_send_error(struct reading *reading, const struct err *err)
{
    reading_set_error(reading, err);
    landing_error(reading->request);
    reading->request = NULL;
}

// --- the state that is read

void reading_begin(struct reading *reading, bool is_on_replica)
{
    struct request *request = reading->request;
    // A replica has seen what was committed when the request came, and perhaps no more.
    request->flight.begun_ns = is_on_replica ? request->line.start_ns : clock_monotonic_ns();
    reading->has_marks = false;
}

// Whether the primary's handle has the request's app prepared. Reads on a replica leave that behind when the
// app is edited.
static bool is_prepared(const struct reading *reading)
{
    const struct request *request = reading->request;
    struct handle *primary = reading->primary;
    struct plan *ignored;
    struct err failure = {0};
    if (primary->app == request->app || primary->is_prompt)
        return primary->app == request->app;
    store_deadline(primary->conn, reading->deadline_ns);
    return handle_plan(primary, request->app, request->endpoint, &ignored, &failure) == ERR_NONE;
}

enum err_code reading_dependence(
    struct reading *reading, const struct dependence **ret_dependence, struct err *err)
{
    const struct request *request = reading->request;
    struct handle *primary = reading->primary;
    const struct dependence *dependence = NULL;
    *ret_dependence = NULL;
    if (!request->has_key || !is_prepared(reading))
        return ERR_NONE;
    struct store *store = request->context->services[request->service].store;
    enum err_code code = handle_dependence(primary, store, request->endpoint, &dependence, err);
    if (code != ERR_NONE || dependence == NULL)
        return code;
    if (dependence->is_kept && dependence->count <= READING_MARKS)
        *ret_dependence = dependence;
    else
        landing_keep_none(request);
    return ERR_NONE;
}

void reading_note(struct reading *reading, const struct plan *plan, const struct dependence *dependence)
{
    const struct version *versions[READING_MARKS];
    if (dependence->count > READING_MARKS) // another seat's read has found it anew
        return;
    dependence_versions(dependence, reading->request->params, versions);
    bool are_known = dependence_holds(dependence, plan);
    for (size_t i = 0; i < dependence->count; i++) {
        uint64_t number = version_seen(plan_conn(plan), versions[i]);
        reading->marks[i] = (struct mark){.version = versions[i], .number = number};
        are_known = are_known && number != 0;
    }
    reading->mark_count = dependence->count;
    reading->has_marks = are_known;
}

// --- one try

// Reports the cursor as a bad parameter. It is the only one that no check on the loop could judge.
static enum err_code report_cursor(struct request *request, struct err *err)
{
    size_t i = (size_t)request->endpoint->cursor_param;
    struct report *report = &request->report;
    struct fault fault = {.parameter = request->endpoint->params[i].outside,
        .value = request->params[i].kind == VALUE_TEXT ? request->params[i].text : (struct span){0},
        .code = span_of("cursor"),
        .detail = span_of(err->text)};
    if (report_add(report, &fault) != ERR_NONE)
        return err->code; // the problem has the words all the same
    report_finish(report);
    report->status = 400;
    return err->code;
}

enum err_code reading_ask(struct reading *reading, struct plan *plan, struct err *err)
{
    struct request *request = reading->request;
    struct report *report = &request->report;
    enum err_code code = findings_collect(plan, STATEMENT_REJECT, request->params, true, report, err);
    if (code == ERR_NONE && report->total > 0)
        return err_set(err, ERR_INVALID, "%.*s", (int)report_fault(report, 0)->detail.len,
            report_fault(report, 0)->detail.at);
    if (code == ERR_NONE)
        code = plan_answer(plan, request->params, request->format, &reading->out, &reading->answered, err);
    if (code == ERR_INVALID && request->endpoint->cursor_param >= 0)
        code = report_cursor(request, err);
    return code;
}

static enum err_code try_once(struct reading *reading, struct handle *handle, struct plan *plan,
    const struct span *vector, struct err *err)
{
    const struct dependence *dependence = NULL;
    enum err_code code = reading_dependence(reading, &dependence, err);
    if (code != ERR_NONE)
        return code;
    reading_begin(reading, vector != NULL);
    code = handle_begin(handle, vector, dependence != NULL, err);
    if (code != ERR_NONE)
        return code;
    code = reading_ask(reading, plan, err);
    if (code == ERR_NONE && dependence != NULL)
        reading_note(reading, plan, dependence);
    store_rollback(handle->conn); // gives the snapshot back; a read writes nothing
    return code;
}

// --- all tries on one handle

static bool has_cursor(const struct request *request)
{
    int cursor = request->endpoint->cursor_param;
    return cursor >= 0 && request->params[cursor].kind == VALUE_TEXT;
}

// The first try. A page was prepared for the types that its keys had then; where a column has another type
// since, the statement that compares the cursor fails with ERR_STORE or ERR_VALUE, and preparing it anew
// helps as with ERR_STALE.
static enum err_code try_first(struct reading *reading, struct handle *handle, struct plan *plan,
    const struct span *vector, struct err *err)
{
    enum err_code code = try_once(reading, handle, plan, vector, err);
    bool has_failed = code == ERR_STORE || code == ERR_VALUE;
    bool may_be_stale = has_failed && vector == NULL && has_cursor(reading->request);
    return may_be_stale ? ERR_STALE : code;
}

static enum err_code try_all(struct reading *reading, struct handle *handle, struct plan *plan,
    const struct span *vector, struct err *err)
{
    struct request *request = reading->request;
    enum read_place place = vector == NULL ? READ_PRIMARY : READ_REPLICA;
    enum read_next next;
    struct err failure = {0};
    enum err_code code = try_first(reading, handle, plan, vector, &failure);
    for (unsigned tries = 1; (next = read_next(place, code, tries)) == READ_AGAIN || next == READ_ANEW;
         tries++) {
        reading_forget(reading);
        failure = (struct err){0};
        code = next == READ_ANEW ? handle_renew(handle, request->endpoint, &plan, &failure) : ERR_NONE;
        if (code == ERR_NONE)
            code = try_once(reading, handle, plan, vector, &failure);
    }
    if ((code == ERR_VALUE || code == ERR_CONSTRAINT) && place == READ_PRIMARY) {
        reading_forget(reading);
        code = blame_params(
            plan, request->params, reading->deadline_ns, &reading->out, &request->report, &failure);
        spool_reset(&reading->out);
    }
    plan_took(plan, clock_monotonic_ns() - reading->start_ns);
    reading->ran = plan;
    if (code == ERR_NONE)
        return spool_end(&reading->out, err);
    *err = failure;
    return code;
}

enum err_code reading_run(
    struct reading *reading, struct handle *handle, const struct span *vector, struct err *err)
{
    struct request *request = reading->request;
    struct plan *plan;
    store_deadline(handle->conn, reading->deadline_ns);
    enum err_code code = handle_plan(handle, request->app, request->endpoint, &plan, err);
    if (code != ERR_NONE)
        return code;
    plan_forget_runs(plan);
    store_interrupt_when(handle->conn, &request->abandoned);
    code = try_all(reading, handle, plan, vector, err);
    store_interrupt_when(handle->conn, NULL); // before the flag goes with its request
    return code;
}
