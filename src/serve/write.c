// SPDX-License-Identifier: Apache-2.0
#include "serve/write.h"

#include "base/limits.h"
#include "batch/intake.h"
#include "serve/request.h"

// On the writer's thread.
static void on_written(struct batch *batch)
{
    struct request *request = CONTAINER_OF(batch, struct request, batch);
    rows_fini(&batch->rows);
    if (batch->err.code == ERR_NONE)
        request_set_answer(request, batch->status, &batch->answer, (struct span){0});
    else
        request_set_error(request, &batch->err, &batch->report);
    request_send_back(request);
}

static enum err_code read_body(struct request *request, struct err *err)
{
    struct batch *batch = &request->batch;
    AUTO(intake_fini) struct intake intake = {0};
    struct intake_options options = {.endpoint = request->endpoint,
        .format = request->body_format,
        .max_rows = LIMIT_BATCH_ROWS,
        .budget = &request->context->rows_budget,
        .report = &batch->report};
    struct span bytes;
    enum err_code code = intake_start(&intake, &options, err);
    while (code == ERR_NONE && http_body_next(request->body, &bytes))
        code = intake_feed(&intake, bytes, err);
    if (code == ERR_NONE)
        code = intake_finish(&intake, err);
    intake_take_rows(&intake, &batch->rows);
    http_body_free(request->body);
    request->body = NULL;
    if (code == ERR_NONE && batch->rows.count == 0 && batch->report.total == 0)
        return err_set(err, ERR_MALFORMED, "the body has no rows: send at least one");
    return code;
}

// Hands the batch to the writer. A batch with faults goes too, as the rejects may find more; it is never
// written.
static bool submit(struct request *request)
{
    return writer_submit(request->context->services[request->app].writer, &request->batch);
}

void write_parse(struct task *task, void *worker)
{
    (void)worker;
    struct request *request = CONTAINER_OF(task, struct request, task);
    struct batch *batch = &request->batch;
    struct err err = {0};
    batch->app = request->edition->apps[request->app];
    batch->endpoint = request->endpoint;
    batch->format = request->format;
    batch->params = request->params;
    batch->on_done = on_written;
    spool_init(&batch->answer, &request->context->spools, LIMIT_SPOOL_FILE_BYTES);
    enum err_code code = request->body != NULL ? read_body(request, &err) : ERR_NONE;
    if (code == ERR_BUSY) {
        request_set_busy(request, err.text);
    } else if (code != ERR_NONE) {
        report_finish(&batch->report);
        request_set_error(request, &err, &batch->report);
    } else if (submit(request)) {
        return;
    } else {
        request_set_busy(request, "too many batches are waiting: send this one again later");
    }
    request_send_back(request);
}
