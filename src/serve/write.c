// SPDX-License-Identifier: Apache-2.0
#include "serve/write.h"

#include "base/limits.h"
#include "serve/request.h"

// On the writer's thread.
static void on_written(struct batch *batch)
{
    struct request *request = CONTAINER_OF(batch, struct request, batch);
    atomic_fetch_sub_explicit(&request->context->batch_bytes, batch->rows.packed.cap, memory_order_relaxed);
    if (batch->err.code == ERR_NONE)
        request_set_answer(request, batch->status, &batch->answer, (struct span){0});
    else
        request_set_error(request, &batch->err, &batch->report);
    request_send_back(request);
}

static enum err_code read_body(struct request *request, struct err *err)
{
    struct batch *batch = &request->batch;
    struct reader *reader;
    enum err_code code = reader_new(request->endpoint, request->body_format, LIMIT_BATCH_ROWS, &batch->rows,
        &batch->report, &reader, err);
    if (code != ERR_NONE)
        return code;
    struct span bytes;
    while (code == ERR_NONE && http_body_next(request->body, &bytes))
        code = reader_feed(reader, bytes, err);
    if (code == ERR_NONE)
        code = reader_finish(reader, err);
    reader_free(reader);
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
    struct context *context = request->context;
    struct batch *batch = &request->batch;
    size_t bytes = batch->rows.packed.cap;
    size_t waiting = atomic_fetch_add_explicit(&context->batch_bytes, bytes, memory_order_relaxed);
    if (waiting + bytes <= LIMIT_BATCHES_BYTES &&
        writer_submit(context->services[request->app].writer, batch))
        return true;
    atomic_fetch_sub_explicit(&context->batch_bytes, bytes, memory_order_relaxed);
    return false;
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
    rows_init(&batch->rows, request->endpoint->field_count);
    if (request->body != NULL && read_body(request, &err) != ERR_NONE) {
        report_finish(&batch->report);
        request_set_error(request, &err, &batch->report);
    } else if (submit(request)) {
        return;
    } else {
        request_set_busy(request, "too many batches are waiting: send this one again later");
    }
    request_send_back(request);
}
