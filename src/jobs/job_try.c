// SPDX-License-Identifier: Apache-2.0
// What a request's head and body settle in serve/, a job has as texts: format, coding and dialect are found
// in them by the same functions, and its parameters as values.
#include "jobs/job_try.h"

#include <assert.h>

#include "app/body_format.h"
#include "app/csv_request.h"
#include "base/crash_point.h"
#include "base/limits.h"
#include "jobs/job_body.h"
#include "jobs/job_params.h"
#include "jobs/job_shape.h"
#include "jobs/job_store.h"
#include "text/multipart.h"
#include "text/utf8.h"

// --- the seal

// The answer as it is kept with the job; empty where it is too long, or no text.
static struct span kept_answer(const struct batch *batch)
{
    const struct buf *answer = &batch->answer.buf;
    bool is_kept = !temp_file_is_open(&batch->answer.file) && answer->len > 0 &&
                   answer->len <= LIMIT_JOB_RESULT_BYTES && utf8_is_text(buf_span(answer));
    return is_kept ? buf_span(answer) : span_of("");
}

// Marks the job done, if it is still this try's.
static enum err_code close_seal(
    struct seal *seal, struct batch *batch, struct own_statements *own, struct err *err)
{
    struct job_try *try = CONTAINER_OF(seal, struct job_try, seal);
    const struct job *job = try->job;
    const struct job_end end = {.state = JOB_DONE,
        .rows = (int64_t)batch->rows.count,
        .batch = batch->id,
        .status = batch->answered.status,
        .result = kept_answer(batch)};
    int64_t now_ms;
    bool is_moved = false;
    enum err_code code = own_now_ms(own, &now_ms, err);
    if (code == ERR_NONE)
        code = job_store_end(own, job, &end, now_ms, &is_moved, err);
    if (code != ERR_NONE)
        return code;
    CRASH_POINT("job-sealed");
    seal->is_taken_away = !is_moved;
    return is_moved ? ERR_NONE : err_set(err, ERR_BUSY, "the job was taken by another process");
}

// --- what the job is for

static enum err_code find_endpoint(
    const struct job *job, const struct app *app, const struct endpoint **ret_endpoint, struct err *err)
{
    struct span path = job->asked.endpoint, method_name = span_split(&path, ' ');
    enum http_method method;
    char shape[JOB_SHAPE_CHARS];
    const struct endpoint *endpoint =
        http_method_from_name(method_name, &method) ? app_find(app, method, path) : NULL;
    if (endpoint == NULL || endpoint_is_read(endpoint) || endpoint->field_count == 0)
        return err_set(err, ERR_UNKNOWN, "there is no %.*s any more: send the batch anew where it belongs",
            (int)job->asked.endpoint.len, job->asked.endpoint.at);
    if (job_shape(endpoint, shape) != ERR_NONE)
        return err_no_memory(err);
    if (!span_is(job->asked.shape, shape))
        return err_set(err, ERR_CONFLICT,
            "%.*s declares other fields or parameters than when the job was accepted: send the batch anew",
            (int)job->asked.endpoint.len, job->asked.endpoint.at);
    *ret_endpoint = endpoint;
    return ERR_NONE;
}

static enum err_code tampered(struct err *err)
{
    return err_set(err, ERR_STORE, "the table reckoner_jobs has been tampered with");
}

static enum err_code read_params(struct job_try *try, const struct endpoint *endpoint, struct err *err)
{
    try->params = arena_zalloc(&try->arena, endpoint->param_count + 1, sizeof(*try->params));
    if (try->params == NULL)
        return err_no_memory(err);
    bool is_sound = job_params_read(try->job->asked.params, try->params, endpoint->param_count);
    return is_sound ? ERR_NONE : tampered(err);
}

static bool read_coding(struct span word, enum coding *ret_coding)
{
    if (span_is(word, "gzip"))
        *ret_coding = CODING_GZIP;
    else if (span_is(word, "zstd"))
        *ret_coding = CODING_ZSTD;
    else
        *ret_coding = CODING_IDENTITY;
    return *ret_coding != CODING_IDENTITY || span_is(word, "identity");
}

static enum err_code read_format(struct job_try *try, struct intake_options *options, struct err *err)
{
    const struct job_asked *asked = &try->job->asked;
    bool is_sound = body_format_of_type(asked->content_type, &options->format) &&
                    read_coding(asked->coding, &options->coding) &&
                    job_format_from_type(asked->format, &try->batch.format);
    if (is_sound && options->format == BODY_FILE_FORM)
        is_sound = multipart_boundary(asked->content_type, &options->boundary);
    if (!is_sound)
        return tampered(err);
    struct span type = options->format == BODY_CSV ? asked->content_type : span_of("");
    if (options->format != BODY_CSV && options->format != BODY_FILE_FORM)
        return ERR_NONE;
    return csv_request_read(
        options->endpoint->csv, type, asked->query, &try->arena, &options->csv, &try->batch.report, err);
}

// --- its body

static enum err_code feed(void *ctx, struct span bytes, struct err *err)
{
    struct job_try *try = ctx;
    enum err_code code = intake_feed(&try->intake, bytes, err);
    try->on_piece(try->ctx); // the time of the next piece begins behind what this one took
    return code;
}

static enum err_code read_body(
    struct job_try *try, const struct intake_options *options, struct own_statements *own, struct err *err)
{
    enum err_code code = intake_start(&try->intake, options, err);
    if (code == ERR_NONE)
        code = job_body_each(own, try->job, feed, try, err);
    if (code == ERR_NONE)
        code = intake_finish(&try->intake, err);
    if (code != ERR_NONE)
        return code;
    return batch_take_rows(&try->batch, &try->intake, BATCH_NO_ROWS, err);
}

enum err_code job_try_read(struct job_try *try, const struct job *job, struct app *app,
    const struct batch_means *means, struct own_statements *own, void (*on_piece)(void *ctx), void *ctx,
    struct err *err)
{
    const struct endpoint *endpoint = NULL;
    *try = (struct job_try){.job = job, .app = app, .on_piece = on_piece, .ctx = ctx};
    arena_init(&try->arena, LIMIT_REQUEST_BYTES);
    enum err_code code = find_endpoint(job, app, &endpoint, err);
    if (code != ERR_NONE)
        return code;
    assert(endpoint != NULL);
    try->batch.endpoint = endpoint;
    struct intake_options intake = batch_intake(&try->batch, means, &try->arena);
    intake.query = job->asked.query;
    code = read_params(try, endpoint, err);
    if (code == ERR_NONE)
        code = read_format(try, &intake, err);
    if (code == ERR_NONE)
        code = read_body(try, &intake, own, err);
    if (code != ERR_NONE)
        return code;
    try->seal = (struct seal){.close = close_seal};
    struct batch *batch = &try->batch;
    batch->app = app;
    batch->params = try->params;
    batch->source = (struct batch_source){
        .client_kind = job->asked.client_kind, .client = job->asked.client, .address = job->asked.address};
    batch->seals = &try->seal;
    spool_init(&batch->answer, means->answers, LIMIT_SPOOL_FILE_BYTES);
    return ERR_NONE;
}

size_t job_try_rows(const struct job_try *try)
{
    return try->batch.rows.count > 0 ? try->batch.rows.count : try->intake.rows.count;
}

void job_try_fini(struct job_try *try)
{
    if (try->job == NULL)
        return;
    intake_fini(&try->intake);
    batch_fini(&try->batch);
    arena_fini(&try->arena);
    app_unref(try->app);
    *try = (struct job_try){0};
}
