// SPDX-License-Identifier: Apache-2.0
#include "serve/request.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "app/plan.h"
#include "base/clock.h"
#include "base/limits.h"
#include "serve/link.h"

enum { REQUEST_ID_CHARS = 17, HEADERS_BYTES = 256, LINK_BYTES = 65536 };

const char RETRY_SOON[] = "Retry-After: 1\r\n";

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
    access_begin(&request->access, head, clock_monotonic_ns(), &request->arena);
    return request;
}

void request_free(struct request *request)
{
    if (request == NULL)
        return;
    http_body_free(request->body);
    rows_fini(&request->batch.rows);
    report_fini(&request->batch.report);
    spool_fini(&request->batch.answer);
    blob_unref(request->response.body);
    http_file_free(request->response.file);
    lease_return(request->lease);
    struct arena arena = request->arena;
    arena_fini(&arena);
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
    request->response = (struct response){.status = problem->status,
        .content_type = PROBLEM_MEDIA_TYPE,
        .headers = headers,
        .body = problem_blob(problem)};
}

void request_refuse(struct request *request, int status, const char *detail)
{
    request_set_problem(request, &(struct problem){.status = status, .detail = detail}, NULL);
}

void request_set_busy(struct request *request, const char *detail)
{
    request_set_problem(request, &(struct problem){.status = 503, .detail = detail}, RETRY_SOON);
}

// Our own failure: the client gets an id, and the log has the id and the cause.
static void set_failure(struct request *request, int status, const struct err *err)
{
    struct context *context = request->context;
    char id[REQUEST_ID_CHARS];
    uint64_t number =
        context->id_seed + atomic_fetch_add_explicit(&context->next_id, 1, memory_order_relaxed);
    snprintf(id, sizeof(id), "%016" PRIx64, number);
    log_printf(context->error_log, "request %s: %s %.*s: %s%s%s", id, request->access.method,
        (int)request->access.target.len, request->access.target.at, err->text,
        err->hint[0] != '\0' ? ": " : "", err->hint);
    request_set_problem(request,
        &(struct problem){.status = status,
            .detail = "the server failed; its log tells more under this request's id",
            .request_id = id},
        NULL);
}

void request_set_error(struct request *request, const struct err *err, const struct report *report)
{
    int status = problem_status(err->code);
    if (status == 500) {
        set_failure(request, status, err);
        return;
    }
    if (err->code == ERR_INVALID && request->endpoint->method == HTTP_GET)
        status = 400;
    if (err->code == ERR_INVALID && report->status != 0)
        status = report->status;
    struct problem problem = {
        .status = status, .detail = err->text, .line = err->line, .column = err->column, .report = report};
    if (status == 503 || status == 504 || status == 507)
        log_printf(request->context->error_log, "%s %.*s: %s%s%s", request->access.method,
            (int)request->access.target.len, request->access.target.at, err->text,
            err->hint[0] != '\0' ? ": " : "", err->hint);
    request_set_problem(request, &problem, status == 503 ? RETRY_SOON : NULL);
}

// --- answers

static void on_file_closed(void *ctx, uint64_t bytes)
{
    spool_space_free(ctx, bytes);
}

// The spool's file as a body; NULL without memory.
static struct http_file *take_file(struct spool *answer)
{
    uint64_t bytes = spool_bytes(answer);
    struct spool_space *space = answer->space;
    int fd = spool_take_file(answer);
    struct http_file *file = http_file_new(fd, bytes, on_file_closed, space);
    if (file == NULL) {
        close(fd);
        spool_space_free(space, bytes);
    }
    return file;
}

// The header lines of an answer; NULL without memory.
static const char *answer_headers(struct request *request, struct span cursor)
{
    static const char PLAIN[] = "Cache-Control: no-cache\r\n";
    static const char VARYING[] = "Cache-Control: no-cache\r\nVary: Accept\r\n";
    const char *fixed = request->varies ? VARYING : PLAIN;
    if (cursor.len == 0)
        return fixed;
    AUTO(buf_fini) struct buf headers;
    buf_init(&headers, LINK_BYTES);
    buf_append_str(&headers, fixed);
    struct span name = request->endpoint->params[request->endpoint->cursor_param].outside;
    link_write_next(request->path, request->query, name, cursor, &request->arena, &headers);
    return buf_status(&headers) == ERR_NONE ? arena_strndup(&request->arena, headers.data, headers.len)
                                            : NULL;
}

void request_set_answer(struct request *request, int status, struct spool *answer, struct span cursor)
{
    struct response response = {.status = status,
        .content_type = answer_media_type(request->format),
        .headers = answer_headers(request, cursor)};
    if (response.headers != NULL && answer->fd >= 0)
        response.file = take_file(answer);
    else if (response.headers != NULL)
        response.body = blob_take(&answer->buf);
    if (response.file == NULL && response.body == NULL)
        request_set_busy(request, "out of memory");
    else
        request->response = response;
}
