// SPDX-License-Identifier: Apache-2.0
#include "serve/read.h"

#include "app/plan.h"
#include "base/clock.h"
#include "base/limits.h"
#include "batch/run.h"
#include "serve/replica.h"
#include "serve/request.h"

// The cursor is the one parameter that only the statement can judge.
static enum err_code report_cursor(struct request *request, struct err *err)
{
    size_t i = (size_t)request->endpoint->cursor_param;
    struct report *report = &request->batch.report;
    struct fault fault = {.parameter = request->endpoint->params[i].outside,
        .value = request->params[i].kind == VALUE_TEXT ? request->params[i].text : (struct span){0},
        .code = span_of("cursor"),
        .detail = span_of(err->text)};
    if (report_add(report, &fault) != ERR_NONE)
        return err->code; // it is told in words still
    report_finish(report);
    report->status = 400;
    return err->code;
}

// A read, and what it is worked out into.
struct reading {
    struct request *request;  // borrowed
    uint64_t deadline_ns;     // monotonic; of all its statements
    struct spool out;         // the answer
    struct answered answered; // what is told beside it
};

static enum err_code find_answer(struct reading *reading, struct plan *plan, struct err *err)
{
    struct request *request = reading->request;
    struct report *report = &request->batch.report;
    enum err_code code = batch_find(plan, STATEMENT_REJECT, request->params, true, report, err);
    if (code == ERR_NONE && report->total > 0)
        return err_set(err, ERR_INVALID, "%.*s", (int)report_fault(report, 0)->detail.len,
            report_fault(report, 0)->detail.at);
    if (code == ERR_NONE)
        code = plan_answer(plan, request->params, request->format, &reading->out, &reading->answered, err);
    if (code == ERR_INVALID && request->endpoint->cursor_param >= 0)
        code = report_cursor(request, err);
    return code;
}

// All that is read is of one committed state, and `mark` is in it; NULL: of any.
static enum err_code read_once(struct reading *reading, struct service_reader *reader, struct plan *plan,
    const struct span *mark, struct err *err)
{
    enum err_code code =
        mark == NULL ? store_begin(reader->conn, err) : store_begin_at(reader->conn, *mark, err);
    if (code != ERR_NONE)
        return code;
    code = find_answer(reading, plan, err);
    store_rollback(reader->conn); // nothing was written: only the snapshot is given back
    return code;
}

// Forgets a try that came to nothing, and what of the answer it had worked out.
static void forget_try(struct reading *reading)
{
    spool_reset(&reading->out);
    report_fini(&reading->request->batch.report);
}

// On one store.
static enum err_code read_on(
    struct reading *reading, struct service_reader *reader, const struct span *mark, struct err *err)
{
    struct request *request = reading->request;
    struct plan *plan;
    struct err failure = {0};
    store_deadline(reader->conn, reading->deadline_ns);
    enum err_code code =
        reader_plan(reader, request->edition->apps[request->app], request->endpoint, &plan, err);
    if (code != ERR_NONE)
        return code;
    code = read_once(reading, reader, plan, mark, &failure);
    // A check tells more when it is asked alone. What a replica ends for its replay is done on the store.
    if (code == ERR_AGAIN || (code == ERR_ABORTED && mark == NULL)) {
        forget_try(reading);
        failure = (struct err){0};
        code = read_once(reading, reader, plan, mark, &failure);
    }
    if (code != ERR_NONE) {
        *err = failure;
        return code;
    }
    return spool_end(&reading->out, err);
}

// --- with a replica

// Whether that is what becomes of the request, wherever it is read.
static bool is_final(enum err_code code)
{
    return code == ERR_NONE || code == ERR_MALFORMED || code == ERR_INVALID || code == ERR_UNKNOWN ||
           code == ERR_TIMEOUT;
}

// The next try has what is left of the time, or a little more.
static void start_again(struct reading *reading)
{
    uint64_t least_ns = clock_monotonic_ns() + LIMIT_AGAIN_MS * NS_PER_MS;
    forget_try(reading);
    if (reading->deadline_ns < least_ns)
        reading->deadline_ns = least_ns;
}

// On the replica, if it has seen what was committed when the request came; else, and whatever else goes wrong
// there, on the store.
static enum err_code read_on_either(
    struct reading *reading, struct service_reader *reader, struct replica *replica, struct err *err)
{
    struct err failure = {0};
    struct span mark;
    store_deadline(reader->conn, reading->deadline_ns);
    if (replica_mark(replica, reader->conn, reading->request->access.start_ns, &mark, &failure) != ERR_NONE)
        return read_on(reading, reader, NULL, err); // tells what is wrong with the store, if it still is
    enum err_code code = read_on(reading, &replica->reader, &mark, &failure);
    if (is_final(code)) {
        replica_answered(replica, &failure);
        *err = failure;
        return code;
    }
    start_again(reading);
    code = read_on(reading, reader, NULL, err);
    replica_failed(replica, &failure, code == ERR_NONE);
    return code;
}

// --- the task

static enum err_code read_answer(struct reading *reading, const struct reader_set *set, struct err *err)
{
    size_t app = reading->request->app;
    struct replica *replica = set->replicas != NULL ? &set->replicas[app] : NULL;
    reading->deadline_ns = clock_monotonic_ns() + LIMIT_STATEMENT_MS * NS_PER_MS;
    if (replica != NULL && replica_is_ready(replica))
        return read_on_either(reading, &set->readers[app], replica, err);
    return read_on(reading, &set->readers[app], NULL, err);
}

static void fini_reading(struct reading *reading)
{
    spool_fini(&reading->out);
}

void read_run(struct task *task, void *worker)
{
    struct request *request = CONTAINER_OF(task, struct request, task);
    AUTO(fini_reading) struct reading reading = {.request = request};
    spool_init(&reading.out, &request->context->spools, LIMIT_SPOOL_FILE_BYTES);
    struct err err = {0};
    if (request_is_abandoned(request)) {
        request_send_back(request); // nobody waits for it any more
        return;
    }
    if (read_answer(&reading, worker, &err) == ERR_NONE)
        request_set_answer(request, reading.answered.status, &reading.out, reading.answered.cursor);
    else
        request_set_error(request, &err, &request->batch.report);
    request_send_back(request);
}
