// SPDX-License-Identifier: Apache-2.0
// What happens to a write off the loop, on a parse thread and then on the writer's. A parse thread has a
// request only while there are bytes to work on, so that a slow client holds none. Leaves to handler.c when a
// part is worth a task, and to batch/ what rows and batches are.
//
// A request comes to the writer once, after the last part of its body, or never: of a body that is cut off
// nothing is written.
#include "serve/write.h"

#include "base/limits.h"

static void set_answer(struct request *request, struct batch *batch)
{
    struct answer_lines lines;
    answer_head_write(
        &(struct answer_head){.is_confidential = request_is_confidential(request), .varies = request->varies},
        &lines);
    if (!request_set_answer(request, &batch->answered, &batch->answer) ||
        request_set_headers(request, &lines))
        return;
    request_drop_body(request);
    request_set_busy(request, "out of memory"); // and it was written: the client has to look
}

// On the writer's thread.
static void on_written(struct batch *batch)
{
    struct request *request = CONTAINER_OF(batch, struct request, batch);
    request->batch_rows = batch->err.code == ERR_NONE ? batch->rows.count : 0;
    rows_fini(&batch->rows);
    if (batch->err.code == ERR_NONE)
        set_answer(request, batch);
    else
        request_set_error(request, &batch->err, &batch->report);
    request_send_back(request);
}

void write_prepare(struct request *request)
{
    struct batch *batch = &request->batch;
    batch->app = request->app;
    batch->endpoint = request->endpoint;
    batch->format = request->format;
    batch->params = request->params;
    batch->on_done = on_written;
    spool_init(&batch->answer, &request->context->spools, LIMIT_SPOOL_FILE_BYTES);
}

bool write_submit(struct request *request)
{
    if (writer_submit(request->context->services[request->service].writer, &request->batch))
        return true;
    request_set_full(request, "batches", request->batch.task.retry_s);
    return false;
}

static enum err_code start_intake(struct request *request, struct err *err)
{
    struct intake_options options = {.endpoint = request->endpoint,
        .coding = request->body_coding,
        .max_bytes = request->context->max_body_bytes,
        .format = request->body_format,
        .csv = request->csv,
        .boundary = request->boundary,
        .query = request->query,
        .arena = &request->arena,
        .max_rows = LIMIT_BATCH_ROWS,
        .pattern_steps = LIMIT_BATCH_STEPS,
        .budget = &request->context->rows_budget,
        .space = &request->context->rows_space,
        .max_file_bytes = LIMIT_ROWS_TIMES * (uint64_t)request->context->max_body_bytes,
        .report = &request->batch.report};
    return intake_start(&request->upload.intake, &options, err);
}

// After the last part: the rows are the batch's.
static enum err_code finish_intake(struct request *request, struct err *err)
{
    struct batch *batch = &request->batch;
    struct intake *intake = &request->upload.intake;
    enum err_code code = intake_finish(intake, err);
    if (code != ERR_NONE)
        return code;
    intake_take_rows(intake, &batch->rows);
    if (batch->rows.count == 0 && batch->report.total == 0)
        return err_set(err, ERR_MALFORMED, "the body has no rows: send at least one");
    return ERR_NONE;
}

static enum err_code read_part(struct request *request, struct err *err)
{
    struct upload *upload = &request->upload;
    struct span bytes;
    enum err_code code = !upload->intake.is_started ? start_intake(request, err) : ERR_NONE;
    while (code == ERR_NONE && http_body_next(&upload->part, &bytes))
        code = intake_feed(&upload->intake, bytes, err);
    http_body_fini(&upload->part);
    return code == ERR_NONE && upload->is_last ? finish_intake(request, err) : code;
}

void write_parse(struct task *task, void *worker)
{
    (void)worker;
    struct request *request = CONTAINER_OF(task, struct request, task);
    struct err err = {0};
    if (!request->upload.is_last && request_give_up(request))
        return;
    enum err_code code = read_part(request, &err);
    if (code == ERR_BUSY) {
        request_set_busy(request, err.text);
    } else if (code != ERR_NONE) {
        report_finish(&request->batch.report);
        request_set_error(request, &err, &request->batch.report);
    } else if (request->upload.is_last && write_submit(request)) {
        return;
    }
    request_send_back(request);
}
