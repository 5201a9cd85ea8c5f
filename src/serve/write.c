// SPDX-License-Identifier: Apache-2.0
// What happens to a write off the loop, on a parse thread and then on the writer's. A parse thread has a
// request only while there are bytes to work on, so that a slow client holds none. Leaves to upload.c when a
// part is worth a task, and to batch/ what rows and batches are.
//
// A request comes to the writer once, after the last part of its body, or never: of a body that is cut off
// nothing is written.
#include "serve/write.h"

#include "base/clock.h"
#include "base/limits.h"
#include "batch/outbox.h"
#include "jobs/job.h"
#include "serve/app_hooks.h"
#include "serve/job_reply.h"
#include "serve/preference.h"
#include "serve/repeating.h"
#include "serve/sender.h"

// Takes the body away that the client does not want: RFC 7240 section 4.2.
static void make_minimal(struct request *request)
{
    request_drop_body(request);
    request->is_minimal = true;
    request->response.rows = 0;
    request->response.content_type = NULL;
    if (request->response.status == 200)
        request->response.status = 204;
}

void write_set_answer(struct request *request)
{
    struct batch *batch = &request->batch;
    struct answer_lines lines;
    request->format = batch->format; // a repeat has that of the first one's answer
    answer_head_write(&(struct answer_head){.is_confidential = request_is_confidential(request),
                          .varies = request->varies,
                          .batch_id = batch->id,
                          .is_replayed = repeating_is_replayed(request)},
        &lines);
    if (!request_set_answer(request, &batch->answered, &batch->answer) ||
        request_set_headers(request, &lines)) {
        if (request->response.status < 300 && preference_is_minimal(request))
            make_minimal(request);
        return;
    }
    request_drop_body(request);
    request_set_busy(request, "out of memory"); // and it was written: the client has to look
}

// Its key led to a job, which the answer is the id of.
static void follow_job(struct request *request)
{
    struct span id = buf_span(&request->batch.answer.buf);
    struct job_reply *reply = job_id_is_sound(id) ? job_reply_new(request, id) : NULL;
    if (reply != NULL) {
        job_reply_send(reply);
        return;
    }
    request_set_busy(request, "out of memory");
    request_send_back(request);
}

// On the writer's thread.
static void on_written(struct batch *batch)
{
    struct request *request = CONTAINER_OF(batch, struct request, batch);
    bool is_in = batch->err.code == ERR_NONE && !batch->is_dry_run && !batch->is_known;
    request->dry_rows = batch->err.code == ERR_NONE && batch->is_dry_run ? batch->rows.count : 0;
    request->batch_rows = is_in ? batch->rows.count : 0;
    trace_note(request->trace, "queue", batch->task.came_ns, batch->begun_ns);
    trace_note(request->trace, "sql", batch->begun_ns, batch->ran_ns);
    trace_note(request->trace, "commit", batch->ran_ns, batch->over_ns);
    if (is_in && outbox_is_for(batch->endpoint))
        app_hooks_wake(request->context->hooks, request->service);
    rows_fini(&batch->rows);
    repeating_leave(request);
    if (batch->err.code == ERR_NONE && batch->is_known && batch->id == 0) {
        follow_job(request);
        return;
    }
    if (batch->err.code == ERR_NONE)
        write_set_answer(request);
    else if (!repeating_refuse(request))
        request_set_error(request, &batch->err, &batch->report);
    request_send_back(request);
}

bool write_prepare(struct request *request, struct http_exchange *exchange)
{
    struct batch *batch = &request->batch;
    batch->app = request->app;
    batch->endpoint = request->endpoint;
    batch->format = request->format;
    batch->is_dry_run = request->prefer.tx == PREFER_TX_ROLLBACK;
    batch->is_lenient = request->prefer.handling == PREFER_HANDLING_LENIENT;
    batch->params = request->params;
    batch->trace_id = request->line.trace.trace_id;
    batch->on_done = on_written;
    spool_init(&batch->answer, &request->context->spools, LIMIT_SPOOL_FILE_BYTES);
    if (sender_read(request, exchange, &batch->source))
        return true;
    request_set_busy(request, "out of memory");
    return false;
}

bool write_submit(struct request *request)
{
    struct repeat *repeat;
    if (!repeating_enter(request, &repeat))
        return false;
    if (repeat != NULL) {
        repeat_seal(repeat);
        repeat->seal.next = request->batch.seals;
        request->batch.seals = &repeat->seal;
    }
    if (writer_submit(request->context->services[request->service].writer, &request->batch))
        return true;
    repeating_leave(request);
    request_set_full(request, "batches", request->batch.task.retry_s);
    return false;
}

static enum err_code start_intake(struct request *request, struct err *err)
{
    const struct batch_means means = context_means(request->context);
    struct intake_options options = batch_intake(&request->batch, &means, &request->arena);
    options.coding = request->body_coding;
    options.format = request->body_format;
    options.csv = request->csv;
    options.boundary = request->boundary;
    options.query = request->query;
    return intake_start(&request->upload.intake, &options, err);
}

// After the last part: the rows are the batch's.
static enum err_code finish_intake(struct request *request, struct err *err)
{
    struct intake *intake = &request->upload.intake;
    enum err_code code = intake_finish(intake, err);
    return code == ERR_NONE ? batch_take_rows(&request->batch, intake, BATCH_NO_ROWS, err) : code;
}

static enum err_code read_part(struct request *request, struct err *err)
{
    struct upload *upload = &request->upload;
    struct span bytes;
    enum err_code code = !upload->intake.is_started ? start_intake(request, err) : ERR_NONE;
    while (code == ERR_NONE && http_body_next(&upload->part, &bytes)) {
        repeating_feed(request->repeating, bytes);
        code = intake_feed(&upload->intake, bytes, err);
    }
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
    uint64_t start_ns = request->trace != NULL ? clock_monotonic_ns() : 0;
    enum err_code code = read_part(request, &err);
    if (request->trace != NULL)
        trace_note(request->trace, "parse", start_ns, clock_monotonic_ns());
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
