// SPDX-License-Identifier: Apache-2.0
#include "serve/read.h"

#include "app/plan.h"
#include "base/clock.h"
#include "base/limits.h"
#include "batch/run.h"
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

static enum err_code find_answer(struct request *request, struct plan *plan, struct spool *out,
    struct answered *ret_answered, struct err *err)
{
    struct report *report = &request->batch.report;
    enum err_code code = batch_find(plan, STATEMENT_REJECT, request->params, true, report, err);
    if (code == ERR_NONE && report->total > 0)
        return err_set(err, ERR_INVALID, "%.*s", (int)report_fault(report, 0)->detail.len,
            report_fault(report, 0)->detail.at);
    if (code == ERR_NONE)
        code = plan_answer(plan, request->params, request->format, out, ret_answered, err);
    if (code == ERR_INVALID && request->endpoint->cursor_param >= 0)
        code = report_cursor(request, err);
    return code;
}

// All that is read is of one committed state.
static enum err_code read_once(struct request *request, struct service_reader *reader, struct plan *plan,
    struct spool *out, struct answered *ret_answered, struct err *err)
{
    enum err_code code = store_begin(reader->conn, err);
    if (code != ERR_NONE)
        return code;
    code = find_answer(request, plan, out, ret_answered, err);
    store_rollback(reader->conn); // nothing was written: only the snapshot is given back
    return code;
}

static enum err_code read_answer(struct request *request, struct service_reader *reader, struct spool *out,
    struct answered *ret_answered, struct err *err)
{
    struct app *app = request->edition->apps[request->app];
    struct plan *plan;
    store_deadline(reader->conn, clock_monotonic_ns() + LIMIT_STATEMENT_MS * NS_PER_MS);
    enum err_code code = reader_plan(reader, app, request->endpoint, &plan, err);
    if (code != ERR_NONE)
        return code;
    struct err cause = {0};
    code = read_once(request, reader, plan, out, ret_answered, &cause);
    if (code == ERR_ABORTED) { // by a check, which tells more when it is asked alone
        cause = (struct err){0};
        code = read_once(request, reader, plan, out, ret_answered, &cause);
    }
    if (code != ERR_NONE)
        *err = cause;
    return code == ERR_NONE ? spool_end(out, err) : code;
}

void read_run(struct task *task, void *worker)
{
    struct request *request = CONTAINER_OF(task, struct request, task);
    const struct reader_set *set = worker;
    AUTO(spool_fini) struct spool out;
    spool_init(&out, &request->context->spools, LIMIT_SPOOL_FILE_BYTES);
    struct answered answered = {0};
    struct err err = {0};
    if (request_is_abandoned(request)) {
        request_send_back(request); // nobody waits for it any more
        return;
    }
    if (read_answer(request, &set->readers[request->app], &out, &answered, &err) == ERR_NONE)
        request_set_answer(request, answered.status, &out, answered.cursor);
    else
        request_set_error(request, &err, &request->batch.report);
    request_send_back(request);
}
