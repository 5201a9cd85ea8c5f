// SPDX-License-Identifier: Apache-2.0
#include "serve/request.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "batch/reader.h"
#include "batch/run.h"
#include "serve/accept.h"
#include "serve/access_log.h"
#include "serve/problem.h"
#include "serve/query.h"
#include "text/url.h"

enum { REQUEST_ID_CHARS = 17, HEADERS_BYTES = 256 };

static const char JSON_MEDIA_TYPE[] = "application/json";

// What the client gets, worked out on any thread and sent on the loop.
struct outcome {
    int status;               // 0: not known yet
    const char *content_type; // static; NULL without body
    const char *headers;      // static or the arena's; NULL for none
    struct blob *body;        // owned until sent; NULL for none
};

struct request {
    struct arena arena;              // owns the request itself, its parameters and texts
    struct context *context;         // borrowed
    struct http_ref ref;             // the way back to its exchange
    struct access access;            // what the access log says of it
    const struct endpoint *endpoint; // NULL until routed
    size_t service;                  // number of the endpoint's service
    struct value *params;            // the arena's; one for each @param
    enum body_format format;         // of the body of a write
    struct http_body *body;          // owned; NULL once read
    struct batch batch;              // a write's way through the writer; its report serves reads too
    struct outcome outcome;          // the answer
    struct task task;                // for the pools
    struct mail mail;                // for the way back
    bool away;                       // a pool or writer has it; the loop's
    atomic_bool abandoned;           // the client went while it was away; set by the loop, read by any thread
};

// --- outcomes, on any thread

static void request_free(struct request *request)
{
    if (request == NULL)
        return;
    http_body_free(request->body);
    rows_fini(&request->batch.rows);
    report_fini(&request->batch.report);
    buf_fini(&request->batch.answer);
    blob_unref(request->outcome.body);
    struct arena arena = request->arena;
    arena_fini(&arena);
}

static void set_problem(struct request *request, const struct problem *problem, const char *headers)
{
    request->outcome = (struct outcome){.status = problem->status,
        .content_type = PROBLEM_MEDIA_TYPE,
        .headers = headers,
        .body = problem_blob(problem)};
}

static void set_simple_problem(struct request *request, int status, const char *detail)
{
    set_problem(request, &(struct problem){.status = status, .detail = detail}, NULL);
}

static const char RETRY_SOON[] = "Retry-After: 1\r\n";

static void set_busy(struct request *request, const char *detail)
{
    set_problem(request, &(struct problem){.status = 503, .detail = detail}, RETRY_SOON);
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
    set_problem(request,
        &(struct problem){.status = status,
            .detail = "the server failed; its log tells more under this request's id",
            .request_id = id},
        NULL);
}

// The outcome of an error met on the way. `report` may be empty.
static void set_error(struct request *request, const struct err *err, const struct report *report)
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
        log_printf(request->context->error_log, "%s %.*s: %s", request->access.method,
            (int)request->access.target.len, request->access.target.at, err->text);
    set_problem(request, &problem, status == 503 ? RETRY_SOON : NULL);
}

// The answer's bytes become a shared blob.
static void set_answer(struct request *request, int status, struct buf *json)
{
    struct blob *body = blob_take(json);
    if (body == NULL) {
        set_busy(request, "out of memory");
        return;
    }
    request->outcome = (struct outcome){.status = status,
        .content_type = JSON_MEDIA_TYPE,
        .headers = "Cache-Control: no-cache\r\n",
        .body = body};
}

// --- on a worker's or writer's thread

static void on_mail(struct mail *mail);

static void send_back(struct request *request)
{
    request->mail.deliver = on_mail;
    loop_post(request->ref.loop, &request->mail);
}

static bool is_abandoned(struct request *request)
{
    return atomic_load_explicit(&request->abandoned, memory_order_relaxed);
}

static enum err_code read_answer(
    struct request *request, struct plan *plan, struct buf *out, int *ret_status, struct err *err)
{
    struct report *report = &request->batch.report;
    enum err_code code = batch_find(plan, STATEMENT_REJECT, request->params, true, report, err);
    if (code == ERR_NONE && report->total > 0)
        code = err_set(err, ERR_INVALID, "%.*s", (int)report_fault(report, 0)->detail.len,
            report_fault(report, 0)->detail.at);
    if (code == ERR_NONE)
        code = plan_answer(plan, request->params, out, ret_status, err);
    if (code == ERR_TOO_LARGE)
        err->code = ERR_STORE; // an answer of ours, not a body of theirs
    return err->code;
}

// One GET: everything it sees is one committed state.
static void run_read(struct task *task, void *worker)
{
    struct request *request = CONTAINER_OF(task, struct request, task);
    const struct reader_set *set = worker;
    const struct service *service = &request->context->services[request->service];
    struct service_reader *reader = &set->readers[request->service];
    struct plan *plan = reader->plans[request->endpoint - service->app->endpoints];
    struct err err = {0};
    AUTO(buf_fini) struct buf out;
    buf_init(&out, LIMIT_ANSWER_BYTES);
    int status = 0;

    if (is_abandoned(request)) { // nobody waits for it any more
        send_back(request);
        return;
    }

    store_deadline(reader->conn, clock_monotonic_ns() + LIMIT_STATEMENT_MS * NS_PER_MS);
    enum err_code code = store_begin(reader->conn, &err);
    if (code == ERR_NONE) {
        code = read_answer(request, plan, &out, &status, &err);
        store_rollback(reader->conn); // nothing was written: only the snapshot is given back
    }
    if (code == ERR_NONE)
        set_answer(request, status, &out);
    else
        set_error(request, &err, &request->batch.report);
    send_back(request);
}

static void on_written(struct batch *batch)
{
    struct request *request = CONTAINER_OF(batch, struct request, batch);
    atomic_fetch_sub_explicit(&request->context->batch_bytes, batch->rows.packed.cap, memory_order_relaxed);
    if (batch->err.code == ERR_NONE)
        set_answer(request, batch->status, &batch->answer);
    else
        set_error(request, &batch->err, &batch->report);
    send_back(request);
}

static enum err_code read_body(struct request *request, struct err *err)
{
    struct batch *batch = &request->batch;
    struct reader *reader;
    enum err_code code = reader_new(
        request->endpoint, request->format, LIMIT_BATCH_ROWS, &batch->rows, &batch->report, &reader, err);
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
    return code;
}

// Hands the batch to the writer. A batch with faults goes too, as the rejects may find more; it is never
// written.
static bool submit_batch(struct request *request)
{
    struct context *context = request->context;
    struct batch *batch = &request->batch;
    size_t bytes = batch->rows.packed.cap;
    size_t waiting = atomic_fetch_add_explicit(&context->batch_bytes, bytes, memory_order_relaxed);
    if (waiting + bytes <= LIMIT_BATCHES_BYTES &&
        writer_submit(context->services[request->service].writer, batch))
        return true;
    atomic_fetch_sub_explicit(&context->batch_bytes, bytes, memory_order_relaxed);
    return false;
}

static void run_parse(struct task *task, void *worker)
{
    (void)worker;
    struct request *request = CONTAINER_OF(task, struct request, task);
    struct batch *batch = &request->batch;
    struct err err = {0};
    batch->endpoint = request->endpoint;
    batch->params = request->params;
    batch->on_done = on_written;
    buf_init(&batch->answer, LIMIT_ANSWER_BYTES);
    rows_init(&batch->rows, request->endpoint->field_count);
    if (read_body(request, &err) != ERR_NONE) {
        report_finish(&batch->report);
        set_error(request, &err, &batch->report);
    } else if (submit_batch(request)) {
        return;
    } else {
        set_busy(request, "too many batches are waiting: send this one again later");
    }
    send_back(request);
}

// --- on the loop

static void reply(struct request *request, struct http_exchange *exchange)
{
    struct http_reply answer = {
        .status = request->outcome.status,
        .content_type = request->outcome.body != NULL ? request->outcome.content_type : NULL,
        .headers = request->outcome.headers,
        .body = request->outcome.body,
    };
    request->outcome.body = NULL; // http_reply takes it
    http_reply(exchange, &answer);
}

static void on_mail(struct mail *mail)
{
    struct request *request = CONTAINER_OF(mail, struct request, mail);
    request->away = false;
    if (is_abandoned(request)) {
        request_free(request);
        return;
    }
    struct http_exchange *exchange = http_exchange_find(request->context->http, request->ref);
    assert(exchange != NULL); // on_end would have marked the request
    reply(request, exchange);
}

// Hands the request to a pool, or answers that it is full.
static void hand_over(struct request *request, struct http_exchange *exchange, struct pool *pool,
    void (*run)(struct task *task, void *worker))
{
    request->task.run = run;
    request->away = true;
    http_defer(exchange);
    if (pool_submit(pool, &request->task))
        return;
    request->away = false;
    set_busy(request, "too many requests are waiting: send this one again later");
    reply(request, exchange);
}

static void on_body(void *ctx, struct http_exchange *exchange, struct http_body *body)
{
    struct context *context = ctx;
    struct request *request = http_user(exchange);
    request->body = body;
    hand_over(request, exchange, context->parses, run_parse);
}

// A page of the server's own, under /-/. False when there is no such page.
static bool answer_page(struct request *request, struct span path)
{
    struct context *context = request->context;
    if (span_is(path, "/-/livez")) {
        request->outcome = (struct outcome){
            .status = 200, .content_type = "text/plain; charset=utf-8", .body = blob_ref(context->ok)};
        return true;
    }
    if (span_is(path, "/-/readyz")) {
        if (atomic_load_explicit(&context->draining, memory_order_relaxed))
            set_busy(request, "the server is shutting down");
        else
            request->outcome = (struct outcome){
                .status = 200, .content_type = "text/plain; charset=utf-8", .body = blob_ref(context->ok)};
        return true;
    }
    return false;
}

static const char *allow_header(struct request *request, const char *allow)
{
    char header[HEADERS_BYTES];
    int len = snprintf(header, sizeof(header), "Allow: %s\r\n", allow);
    return arena_strndup(&request->arena, header, (size_t)len);
}

static void set_method_refused(struct request *request, enum http_method method, const char *allow)
{
    const char *header = allow_header(request, allow);
    if (method == HTTP_OPTIONS) {
        request->outcome = (struct outcome){.status = 204, .headers = header};
        return;
    }
    char detail[HEADERS_BYTES];
    snprintf(
        detail, sizeof(detail), "%s is not for this path: it answers %s", http_method_name(method), allow);
    set_problem(request, &(struct problem){.status = 405, .detail = detail}, header);
}

// Finds the endpoint; false, with the outcome set, when there is none.
static bool route(struct request *request, const struct http_request *head)
{
    static const char PAGE_METHODS[] = "GET, HEAD, OPTIONS";
    struct span path;
    if (head->asterisk) { // OPTIONS * asks what the server can do at all (RFC 9110 section 9.3.7)
        set_method_refused(request, HTTP_OPTIONS, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
        return false;
    }
    if (!url_decode(head->path, false, &request->arena, &path)) {
        set_simple_problem(request, 400, "the path is badly percent-encoded");
        return false;
    }
    bool safe = head->method == HTTP_GET || head->method == HTTP_HEAD;
    if (path.len >= 3 && memcmp(path.at, "/-/", 3) == 0) {
        if (!answer_page(request, path))
            set_simple_problem(request, 404, "the server has no such page");
        else if (!safe) {
            blob_unref(request->outcome.body);
            set_method_refused(request, head->method, PAGE_METHODS);
        }
        return false;
    }
    const struct route *found = routes_find(request->context->routes, path);
    if (found == NULL) {
        set_simple_problem(request, 404, "no endpoint has this path");
        return false;
    }
    request->endpoint = route_endpoint(found, head->method, &request->service);
    if (request->endpoint == NULL)
        set_method_refused(request, head->method, route_allow(found));
    return request->endpoint != NULL;
}

// Whether the client takes what we send, and sends what we take; false, with the outcome set, if not.
static bool negotiate(struct request *request, const struct http_request *head)
{
    if (!accept_allows(head, JSON_MEDIA_TYPE)) {
        set_simple_problem(request, 406, "the answer is application/json, which Accept leaves out");
        return false;
    }
    if (request->endpoint->method == HTTP_GET)
        return true;
    const struct http_field *type = http_field(head, "content-type");
    const struct http_field *coding = http_field(head, "content-encoding");
    if (coding != NULL && !span_is_nocase(coding->value, "identity")) {
        set_problem(request,
            &(struct problem){.status = 415, .detail = "the body must come without Content-Encoding"},
            "Accept-Encoding: identity\r\n");
        return false;
    }
    if (type != NULL && body_format_of_type(type->value, &request->format))
        return true;
    char detail[HEADERS_BYTES], header[HEADERS_BYTES];
    snprintf(detail, sizeof(detail), "the Content-Type must be one of %s, in UTF-8", BODY_MEDIA_TYPES);
    int len = snprintf(header, sizeof(header), "Accept-Post: %s\r\n", BODY_MEDIA_TYPES);
    set_problem(request, &(struct problem){.status = 415, .detail = detail},
        arena_strndup(&request->arena, header, (size_t)len));
    return false;
}

static bool read_params(struct request *request, const struct http_request *head)
{
    const struct endpoint *endpoint = request->endpoint;
    struct err err = {0};
    // The query borrows the head, which is gone when the call returns, but the request goes on.
    char *query = arena_strndup(&request->arena, head->query.at, head->query.len);
    request->params = arena_zalloc(&request->arena, endpoint->param_count, sizeof(struct value));
    enum err_code code = query == NULL || request->params == NULL
                             ? err_no_memory(&err)
                             : query_read(endpoint, (struct span){.at = query, .len = head->query.len},
                                   &request->arena, request->params, &request->batch.report, &err);
    if (code == ERR_NONE)
        return true;
    if (code == ERR_INVALID)
        request->batch.report.status = 400;
    set_error(request, &err, &request->batch.report);
    return false;
}

static struct request *request_new(struct context *context, const struct http_request *head)
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

static void on_request(void *ctx, struct http_exchange *exchange, const struct http_request *head)
{
    struct context *context = ctx;
    struct request *request = request_new(context, head);
    if (request == NULL) {
        http_reply(exchange, &(struct http_reply){.status = 503, .headers = RETRY_SOON});
        return;
    }
    http_set_user(exchange, request);
    request->ref = http_exchange_ref(exchange);
    if (!route(request, head) || !negotiate(request, head) || !read_params(request, head))
        reply(request, exchange);
    else if (request->endpoint->method != HTTP_GET)
        http_receive_body(exchange, LIMIT_BODY_BYTES);
    else
        hand_over(request, exchange, context->reads, run_read);
}

static void on_end(void *ctx, struct http_exchange *exchange, int status, size_t body_bytes)
{
    struct context *context = ctx;
    struct request *request = http_user(exchange);
    struct access none = {0};
    access_end(context->access_log, request != NULL ? &request->access : &none, http_peer(exchange), status,
        body_bytes, clock_monotonic_ns());
    if (request == NULL)
        return;
    if (request->away)
        atomic_store_explicit(&request->abandoned, true, memory_order_relaxed); // freed when its mail comes
    else
        request_free(request);
}

static void on_refuse(void *ctx, int status, const char *detail, struct http_reply *answer)
{
    (void)ctx;
    answer->content_type = PROBLEM_MEDIA_TYPE;
    answer->body = problem_blob(&(struct problem){.status = status, .detail = detail});
    if (answer->body == NULL)
        answer->content_type = NULL;
    if (status == 503)
        answer->headers = RETRY_SOON;
}

struct http_handler request_handler(struct context *context)
{
    return (struct http_handler){.ctx = context,
        .on_request = on_request,
        .on_body = on_body,
        .on_end = on_end,
        .on_refuse = on_refuse};
}
