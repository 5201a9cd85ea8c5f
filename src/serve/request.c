// SPDX-License-Identifier: Apache-2.0
// Makes and frees requests, and turns errors and answers into responses. What is done with a request is
// for others: from handler.c on. The owning thread alone touches it, but for `abandoned`.
#include "serve/request.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "serve/link.h"
#include "serve/metering.h"
#include "serve/request_log.h"

enum { HEADERS_BYTES = 256, LINK_BYTES = 65536 };

const char RETRY_SOON[] = "Retry-After: 1\r\n";

// A number that no other request of this process or another one gets.
static uint64_t next_id(struct context *context)
{
    return context->id_seed + atomic_fetch_add_explicit(&context->next_id, 1, memory_order_relaxed);
}

// --- life

struct request *request_new(struct context *context, const struct http_request *head)
{
    struct arena arena;
    arena_init(&arena, LIMIT_REQUEST_BYTES);
    struct request *request = arena_zalloc(&arena, 1, sizeof(*request));
    if (request == NULL)
        return NULL;
    request->arena = arena;
    request->context = context;
    request->came_ns = clock_monotonic_ns();
    request->series = TALLY_NO_ROUTE; // until it is routed
    access_line_begin(&request->line, head, request->came_ns, &request->arena);
    if (request->line.trace.is_sampled && tracing_is_wanted(&context->tracing))
        request->trace = trace_new(&request->arena, next_id(context));
    return request;
}

void request_free(struct request *request)
{
    if (request == NULL)
        return;
    metering_count(request);
    http_body_fini(&request->upload.part);
    intake_fini(&request->upload.intake);
    spool_fini(&request->body);
    batch_fini(&request->batch);
    report_fini(&request->report);
    blob_unref(request->response.body);
    http_file_free_later(request->response.file, request->ref.loop);
    kept_unref(request->kept);
    decompressor_free(request->asked.decompressor);
    buf_fini(&request->asked.bytes);
    budget_give_back(&request->context->rows_budget, request->asked.charged_bytes);
    if (request->toll.is_running && !request->is_charged) // its client has gone, and its batch may be written
        toll_charge(
            &request->toll, request->batch_rows + request->dry_rows, 0, (int64_t)clock_monotonic_ns());
    toll_fini(&request->toll);
    lease_return(request->lease);
    struct arena arena = request->arena;
    arena_fini(&arena);
}

bool request_is_confidential(const struct request *request)
{
    const struct endpoint *endpoint = request->endpoint;
    return endpoint != NULL && (endpoint->access.kind != ACCESS_OPEN || endpoint->is_personal);
}

struct endpoint_state *request_endpoint_state(const struct request *request)
{
    size_t number = (size_t)(request->endpoint - request->app->endpoints);
    return context_endpoint(request->context, request->service, number);
}

bool request_is_abandoned(struct request *request)
{
    return atomic_load_explicit(&request->abandoned, memory_order_relaxed);
}

bool request_give_up(struct request *request)
{
    bool is_abandoned = request_is_abandoned(request);
    if (is_abandoned)
        request_send_back(request);
    return is_abandoned;
}

void request_send_back(struct request *request)
{
    loop_post(request->ref.loop, &request->mail);
}

// --- problems

void request_set_problem(struct request *request, const struct problem *problem, const char *headers)
{
    struct problem told = *problem;
    told.trace_id = request->line.trace.trace_id;
    request->response = (struct response){.status = problem->status,
        .content_type = PROBLEM_MEDIA_TYPE,
        .headers = headers,
        .body = problem_blob(&told)};
}

void request_refuse(struct request *request, int status, const char *detail)
{
    request_set_problem(request, &(struct problem){.status = status, .detail = detail}, NULL);
}

void request_set_busy(struct request *request, const char *detail)
{
    request_set_problem(request, &(struct problem){.status = 503, .detail = detail}, RETRY_SOON);
}

void request_set_full(struct request *request, const char *what, unsigned retry_s)
{
    char header[HEADERS_BYTES], detail[HEADERS_BYTES];
    snprintf(detail, sizeof(detail), "too many %s are waiting: send this one again later", what);
    int len = snprintf(header, sizeof(header), "Retry-After: %u\r\n", retry_s);
    const char *kept = arena_strndup(&request->arena, header, (size_t)len);
    request_set_problem(
        request, &(struct problem){.status = 503, .detail = detail}, kept != NULL ? kept : RETRY_SOON);
}

// Of an error that the client can do nothing about: it gets an id, the log has the id and the cause.
static void set_failure(struct request *request, int status, const struct err *err)
{
    struct context *context = request->context;
    char *id = request->failure_id;
    snprintf(id, REQUEST_ID_CHARS, "%016" PRIx64, next_id(context));
    request_log_error(request, id, err);
    request_set_problem(request,
        &(struct problem){.status = status,
            .detail = context->tells_failures
                          ? err->text
                          : "the server failed; its log tells more under this request's id",
            .request_id = id},
        NULL);
}

void request_set_error(struct request *request, const struct err *err, const struct report *report)
{
    const struct problem_class *class = problem_class(err->code);
    bool is_read = request->endpoint != NULL && endpoint_is_read(request->endpoint);
    int status = problem_status(err->code, report, is_read);
    if (class->log == LOG_FAILURE) {
        set_failure(request, status, err);
        return;
    }
    if (class->log == LOG_LINE)
        request_log_error(request, NULL, err);
    request_set_problem(request,
        &(struct problem){.status = status,
            .detail = err->text,
            .line = err->line,
            .column = err->column,
            .report = report},
        class->may_work_soon ? RETRY_SOON : NULL);
}

// --- answers

static void on_file_closed(void *ctx, uint64_t bytes)
{
    temp_space_free(ctx, bytes);
}

// The spool's file as a body; NULL without memory.
static struct http_file *take_file(struct spool *answer)
{
    uint64_t bytes = spool_bytes(answer);
    struct temp_space *space = answer->space;
    int fd = spool_take_file(answer);
    struct http_file *file = http_file_new(fd, bytes, on_file_closed, space);
    if (file == NULL) {
        close(fd);
        temp_space_free(space, bytes);
    }
    return file;
}

bool response_take(struct response *response, struct spool *spool)
{
    if (temp_file_is_open(&spool->file))
        response->file = take_file(spool);
    else
        response->body = blob_take(&spool->buf);
    return response->file != NULL || response->body != NULL;
}

// The header lines `fixed`, and the link to the next page behind them; NULL without memory.
static const char *add_link(struct request *request, struct span fixed)
{
    AUTO(buf_fini) struct buf headers;
    buf_init(&headers, LINK_BYTES);
    buf_append(&headers, fixed.at, fixed.len);
    struct span name = request->endpoint->params[request->endpoint->cursor_param].outside;
    const struct link_target target = {
        .prefix = request->prefix, .path = request->path, .query = request->query};
    link_write_next(&target, name, request->cursor, &request->arena, &headers);
    return buf_status(&headers) == ERR_NONE ? arena_strndup(&request->arena, headers.data, headers.len)
                                            : NULL;
}

bool request_set_answer(struct request *request, const struct answered *answered, struct spool *answer)
{
    int status = answered->status;
    struct response response = {
        .status = status, .content_type = answer_media_type(request->format), .rows = answered->rows};
    struct compressors *compressors = &request->context->compressors;
    if (status != 204 && compress_spool(compressors, request->coding, answer, &request->abandoned))
        response.coding = request->coding;
    if (status != 204)
        response.digest = spool_digest(answer);
    if (status == 204) { // which has no body, and nothing to say of it
        response.content_type = NULL;
    } else if (!response_take(&response, answer)) {
        request_set_busy(request, "out of memory");
        return false;
    }
    request->response = response;
    return true;
}

bool request_set_headers(struct request *request, const struct answer_lines *lines)
{
    struct span text = {.at = lines->text, .len = lines->len};
    const char *headers =
        request->cursor.len > 0 ? add_link(request, text) : arena_strndup(&request->arena, text.at, text.len);
    if (headers == NULL)
        return false;
    request->response.headers = headers;
    if (lines->etag.at != NULL)
        request->response.etag =
            (struct span){.at = headers + (lines->etag.at - lines->text), .len = lines->etag.len};
    return true;
}

void request_use_kept(struct request *request, struct kept *kept, const char *headers)
{
    request->kept = kept;
    request->cursor = kept->cursor;
    if (kept->cursor.len > 0)
        headers = add_link(request, span_of(headers));
    if (headers == NULL) {
        request_set_busy(request, "out of memory");
        return;
    }
    request->response = (struct response){.status = kept->status,
        .content_type = kept->content_type,
        .headers = headers,
        .coding = (enum coding)kept->coding,
        .body = blob_ref(kept->body),
        .etag = kept->etag,
        .rows = kept->rows};
}

void request_copy_problem(struct request *request, const struct request *from)
{
    const struct response *problem = &from->response;
    const char *headers = problem->headers != NULL ? arena_strdup(&request->arena, problem->headers) : NULL;
    memcpy(request->failure_id, from->failure_id, sizeof(request->failure_id));
    request->response = (struct response){.status = problem->status,
        .content_type = problem->content_type,
        .headers = headers,
        .body = problem_retraced(problem->body, from->line.trace.trace_id, request->line.trace.trace_id)};
}

void request_drop_body(struct request *request)
{
    struct response *response = &request->response;
    blob_unref(response->body);
    http_file_free_later(response->file, request->ref.loop);
    response->body = NULL;
    response->file = NULL;
}
