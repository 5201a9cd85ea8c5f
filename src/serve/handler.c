// SPDX-License-Identifier: Apache-2.0
// The loop's side of a request: what its head asks for, which pool works it out, and the way back. Nothing
// here waits. What an endpoint answers is worked out by read.c and write.c, a file by static.c, a page of the
// server's own by own_pages.c.
//
// A request is the loop's, except while it is away: then a pool, a writer or the reloader has it, and it
// comes back as mail. If its client goes meanwhile, on_end marks it and the mail frees it; otherwise on_end
// frees it. So it is always freed on its loop.
#include "serve/handler.h"

#include <inttypes.h>
#include <stdio.h>

#include "app/csv_request.h"
#include "base/clock.h"
#include "base/limits.h"
#include "serve/async.h"
#include "serve/condition.h"
#include "serve/cors.h"
#include "serve/counting.h"
#include "serve/credential.h"
#include "serve/door.h"
#include "serve/format.h"
#include "serve/landing.h"
#include "serve/link.h"
#include "serve/loop_reads.h"
#include "serve/loop_state.h"
#include "serve/metering.h"
#include "serve/metrics_page.h"
#include "serve/near_hit.h"
#include "serve/own_pages.h"
#include "serve/params.h"
#include "serve/paying.h"
#include "serve/preference.h"
#include "serve/read.h"
#include "serve/recall.h"
#include "serve/recode.h"
#include "serve/repeating.h"
#include "serve/request.h"
#include "serve/request_log.h"
#include "serve/static.h"
#include "serve/toll.h"
#include "serve/write.h"

_Static_assert(
    LIMIT_PART_BYTES < LIMIT_BODY_WINDOW_BYTES, "a part that is worth a task comes without credit");

enum { HEADERS_BYTES = 256, LOCATION_BYTES = 3 * LIMIT_TARGET_BYTES + 64 };

// --- replies

// What the preconditions make of an answer to GET or HEAD.
static void apply_condition(struct request *request)
{
    struct response *response = &request->response;
    bool is_read = request->endpoint == NULL || endpoint_is_read(request->endpoint);
    if (!is_read || response->status < 200 || response->status > 299)
        return;
    int status = condition_status(&request->condition, response->etag);
    if (status == 304 && request->endpoint != NULL && request->endpoint->method == HTTP_POST) {
        request_drop_body(request); // RFC 9110 section 13.1.2
        request_refuse(request, 412, "what is here has the entity tag that If-None-Match names");
    } else if (status == 304) {
        response->status = 304;
    } else if (status != 0) {
        request_drop_body(request);
        request_refuse(request, status,
            response->etag.at != NULL ? "what is here has another entity tag than If-Match names"
                                      : "what is here has no entity tag, so If-Match cannot be met");
    }
}

// Problems of an endpoint whose answers are for its clients alone. Answers say so by themselves.
static void keep_from_shared_caches(struct request *request)
{
    struct response *response = &request->response;
    const char *headers = response->headers != NULL ? response->headers : "";
    if (response->content_type != PROBLEM_MEDIA_TYPE || !request_is_confidential(request) ||
        span_starts_with(span_of(headers), "Cache-Control:"))
        return;
    size_t len = strlen(headers), more = strlen(CACHE_PRIVATE);
    char *lines = arena_alloc(&request->arena, more + len + 1);
    if (lines == NULL)
        return; // nobody has to keep it, and what it tells is not a row
    memcpy(mempcpy(lines, CACHE_PRIVATE, more), headers, len + 1);
    response->headers = lines;
}

static void reply(struct request *request, struct http_exchange *exchange)
{
    char lines[TOLL_CHARS + CORS_CHARS + PREFERENCE_CHARS];
    lines[0] = '\0';
    struct response *response = &request->response;
    apply_condition(request);
    keep_from_shared_caches(request);
    bool has_body = response->body != NULL || response->file != NULL;
    struct http_reply answer = {
        .status = response->status,
        .content_type = has_body ? response->content_type : NULL,
        .headers = response->headers,
        .body = response->body,
        .file = response->file,
    };
    if (request->toll.quota != NULL) {
        paying_charge(request, exchange, lines);
        answer.more_headers = lines;
    }
    if (request->cors != NULL) {
        cors_append(request->cors, request->origin, lines);
        answer.more_headers = lines;
    }
    if (request->has_preferences) {
        preference_append(request, lines);
        answer.more_headers = lines;
    }
    response->body = NULL; // http_reply takes both
    response->file = NULL;
    http_reply(exchange, &answer);
}

// Takes a request that has come back and finds its exchange. NULL when the client is gone: then the request
// is freed. NULL, too, when http has refused the rest of its body meanwhile, and on_end is still to come.
static struct http_exchange *take_back(struct request *request)
{
    request->away = false;
    if (request_is_abandoned(request)) {
        request_free(request);
        return NULL;
    }
    return http_exchange_find(request->context->http, request->ref);
}

static void on_answered(struct mail *mail)
{
    struct request *request = CONTAINER_OF(mail, struct request, mail);
    struct http_exchange *exchange = take_back(request);
    if (exchange != NULL)
        reply(request, exchange);
}

// The pool has no time for the request. On any thread.
static void refuse(struct task *task)
{
    struct request *request = CONTAINER_OF(task, struct request, task);
    if (!landing_give_up(request))
        landing_refuse(request, task->retry_s);
}

// Makes the request a task of the pool of reads, which is away from here on.
static void prepare_task(
    struct request *request, struct http_exchange *exchange, void (*run)(struct task *task, void *worker))
{
    struct context *context = request->context;
    struct task *task = &request->task;
    task->run = run;
    task->refuse = refuse;
    task->is_in_vain = &request->abandoned;
    task->came_ns = request->heard == NULL ? request->line.start_ns : clock_monotonic_ns();
    if (request->endpoint != NULL) {
        size_t number = (size_t)(request->endpoint - request->app->endpoints);
        task->share = &context->shares[request->service * LIMIT_ENDPOINTS + number];
        task->group = &context->share_groups[request->service];
    }
    request->mail.deliver = on_answered;
    request->away = true;
    http_defer(exchange);
}

// Hands the request to the pool, or sends it back with the answer that the pool is full.
static void hand_over(struct request *request)
{
    if (!pool_submit(request->context->reads, &request->task))
        landing_refuse(request, request->task.retry_s);
}

// --- responses that need no worker

// Header lines that say what a path answers to: its methods, and of a QUERY the types of its body.
static const char *keep_allow(struct request *request, bool has_query, const char *allow)
{
    char lines[HEADERS_BYTES];
    int len = snprintf(lines, sizeof(lines), "Allow: %s\r\n%s", allow,
        has_query ? "Accept-Query: " QUESTION_MEDIA_TYPES "\r\n" : "");
    return arena_strndup(&request->arena, lines, (size_t)len);
}

static void set_method_refused(struct request *request, const struct http_request *head, unsigned methods)
{
    char allow[ALLOW_CHARS], detail[HEADERS_BYTES];
    struct span wanted;
    route_allow(methods, allow);
    bool has_query = (methods & 1u << HTTP_QUERY) != 0 && !head->asterisk;
    const char *lines = keep_allow(request, has_query, allow);
    if (request->cors != NULL && lines != NULL && cors_is_preflight(head, &wanted)) {
        cors_set_preflight(request, allow, lines);
        return;
    }
    if (head->method == HTTP_OPTIONS) {
        request->response = (struct response){.status = 204, .headers = lines};
        return;
    }
    snprintf(detail, sizeof(detail), "%s is not for this path: it answers %s", http_method_name(head->method),
        allow);
    request_set_problem(request, &(struct problem){.status = 405, .detail = detail}, lines);
}

// The same address with a slash, and the query behind it.
static void set_redirect(struct request *request, const struct http_request *head)
{
    AUTO(buf_fini) struct buf location;
    buf_init(&location, LOCATION_BYTES);
    link_write_location(request->prefix, head->path, head->query, &location);
    const char *header = NULL;
    if (buf_status(&location) == ERR_NONE)
        header = arena_strndup(&request->arena, location.data, location.len);
    if (header == NULL)
        request_set_busy(request, "out of memory");
    else
        request->response = (struct response){.status = 308, .headers = header};
}

static const char *docs_location(struct request *request)
{
    char line[HEADERS_BYTES + LIMIT_PREFIX_BYTES];
    int len = snprintf(line, sizeof(line), "Location: %.*s/-/docs\r\n", (int)request->prefix.len,
        request->prefix.len > 0 ? request->prefix.at : "");
    return request->prefix.len > 0 ? arena_strndup(&request->arena, line, (size_t)len)
                                   : "Location: /-/docs\r\n";
}

// A path that nothing has. The two that people try first lead to the documentation.
static void set_no_route(struct request *request, const struct http_request *head)
{
    const struct edition *edition = request->lease->edition;
    bool reads = head->method == HTTP_GET || head->method == HTTP_HEAD;
    if (reads && (span_is(head->path, "/") || span_is(head->path, "/-/"))) {
        request->response = (struct response){.status = 307, .headers = docs_location(request)};
        return;
    }
    if (edition->app_count == 1) // of several it is no one's
        cors_begin(request, edition->apps[0], head);
    request_refuse(request, 404, "no endpoint has this path");
}

// Of a path that has another method: of a preflight the app counts that has the method it asks for.
static void begin_cors(
    struct request *request, const struct http_request *head, const struct route_match *other)
{
    const struct edition *edition = request->lease->edition;
    struct route_match wanted;
    struct span name;
    enum http_method method;
    size_t app = other->app;
    bool is_known = cors_is_preflight(head, &name) && http_method_from_name(name, &method);
    if (is_known &&
        routes_find(edition->routes, head->path, method, &request->arena, &wanted) == ROUTE_FOUND &&
        wanted.route->page == NULL)
        app = wanted.route->app;
    if (app != ROUTE_NO_APP)
        cors_begin(request, edition->apps[app], head);
}

// --- what the head asks for: each function returns false when it has set the response

static bool find_route(struct request *request, const struct http_exchange *exchange,
    const struct http_request *head, struct route_match *ret_match)
{
    const struct http_listen *listen = http_listen_of(exchange);
    bool has_admin = request->context->has_admin;
    if (head->asterisk) { // OPTIONS * asks what the server can do at all (RFC 9110 section 9.3.7)
        set_method_refused(request, head, (1u << HTTP_METHODS) - 1);
        return false;
    }
    struct route_match match;
    switch (routes_find(request->lease->edition->routes, head->path, head->method, &request->arena, &match)) {
    case ROUTE_FOUND:
        *ret_match = match;
        if (own_page_is_for(match.route->page, listen, has_admin))
            return true;
        set_no_route(request, head);
        break;
    case ROUTE_NONE:
        set_no_route(request, head);
        break;
    case ROUTE_METHOD:
        if (listen->is_admin && !span_starts_with(head->path, "/-/")) {
            set_no_route(request, head);
            break;
        }
        begin_cors(request, head, &match);
        set_method_refused(request, head, match.methods);
        break;
    case ROUTE_ENCODING:
        request_refuse(request, 400, "the path is badly percent-encoded");
        break;
    case ROUTE_MEMORY:
        request_set_busy(request, "out of memory");
        break;
    }
    return false;
}

// Whether what the query says of the dialect passes.
static bool check_dialect(struct request *request, enum err_code code, struct err *err)
{
    if (code == ERR_NONE)
        return true;
    if (code == ERR_INVALID)
        request->report.status = 400;
    report_finish(&request->report);
    request_set_error(request, err, &request->report);
    return false;
}

// Settles in which dialect a CSV body comes.
static bool read_dialect(struct request *request, struct span content_type)
{
    struct err err = {0};
    // The dialect borrows the type, and lives longer than the head.
    const char *copy = arena_strndup(&request->arena, content_type.at, content_type.len);
    struct span type = {.at = copy, .len = content_type.len};
    enum err_code code = copy != NULL ? csv_request_read(request->endpoint->csv, type, request->query,
                                            &request->arena, &request->csv, &request->report, &err)
                                      : err_no_memory(&err);
    return check_dialect(request, code, &err);
}

// A dialect has no meaning for a body of another format: with @strict, nothing in a query is passed over.
static bool refuse_dialect(struct request *request)
{
    struct err err = {0};
    if (!request->endpoint->strict || request->query.len == 0)
        return true;
    enum err_code code = csv_request_refuse(request->query, &request->arena, &request->report, &err);
    return check_dialect(request, code, &err);
}

static bool keep_boundary(struct request *request, struct span content_type)
{
    struct span boundary;
    if (!multipart_boundary(content_type, &boundary)) {
        request_refuse(
            request, 400, "the Content-Type has to name the boundary of the form, of 1 to 70 characters");
        return false;
    }
    const char *kept = arena_strndup(&request->arena, boundary.at, boundary.len);
    request->boundary = (struct span){.at = kept, .len = boundary.len};
    if (kept != NULL)
        return read_dialect(request, span_of("")); // of the file, as the query says
    request_set_busy(request, "out of memory");
    return false;
}

static bool read_body_format(struct request *request, struct span content_type)
{
    switch (request->body_format) {
    case BODY_FILE_FORM:
        return keep_boundary(request, content_type);
    case BODY_CSV:
        return read_dialect(request, content_type);
    default:
        return refuse_dialect(request);
    }
}

// Whether the body of a write is of a form that we read; of one without fields, whether there is none.
static bool check_body(struct request *request, const struct http_request *head)
{
    if (http_field(head, "content-range") != NULL) { // RFC 9110 section 14.5
        request_refuse(
            request, 400, "a part of a body, as Content-Range names one, is not taken: send it whole");
        return false;
    }
    if (request->endpoint->field_count == 0) {
        if (head->content_length == 0 && !head->chunked)
            return true;
        request_refuse(request, 400, "this endpoint takes no rows: send the request without a body");
        return false;
    }
    const struct http_field *type = http_field(head, "content-type");
    if (!params_read_coding(request, head))
        return false;
    if (type != NULL && body_format_of_type(type->value, &request->body_format))
        return read_body_format(request, type->value);
    request_set_problem(request,
        &(struct problem){
            .status = 415, .detail = "the Content-Type must be one of " BODY_MEDIA_TYPES ", in UTF-8"},
        "Accept-Post: " BODY_MEDIA_TYPES "\r\n");
    return false;
}

// Reads the preconditions.
static bool read_condition(struct request *request, const struct http_request *head)
{
    struct err err = {0};
    if (condition_read(head, &request->arena, &request->condition, &err) == ERR_NONE)
        return true;
    request_set_error(request, &err, &request->report);
    return false;
}

// Whether a write may be done as far as its preconditions go. They come last: what is refused without them is
// refused for its own reason (RFC 9110 section 13.2.1).
static bool check_condition(struct request *request)
{
    const char *field = condition_of_write(&request->condition);
    if (field == NULL)
        return true;
    char detail[HEADERS_BYTES];
    snprintf(detail, sizeof(detail),
        "what is here has neither an entity tag nor a time of modification, so %s cannot be met: "
        "nothing was written",
        field);
    request_refuse(request, 412, detail);
    return false;
}

// Whether the request may come in to its endpoint.
static bool let_in(
    struct request *request, const struct http_exchange *exchange, const struct http_request *head)
{
    request->is_let_in = door_let_in(request, exchange, head) &&
                         (request->app->quota_count == 0 || paying_admit(request, exchange));
    return request->is_let_in;
}

// Whatever becomes of the request, a credential in its query is no business of a log.
static void mask_credentials(struct request *request, const struct http_request *head)
{
    const struct edition *edition = request->lease->edition;
    for (size_t i = 0; head->query.len > 0 && i < edition->app_count; i++) {
        struct span name = edition->apps[i]->access.query;
        if (name.len > 0)
            credential_mask(request->line.target, request->line.target_len, name);
    }
}

// Routes the request, lets it in, and reads all that its head says. False with the response; or without one,
// when the request has to wait for keys.
static bool prepare(
    struct request *request, const struct http_exchange *exchange, const struct http_request *head)
{
    struct route_match match;
    request->lease = lease_borrow(&loop_state(request->ref.loop)->leases);
    if (request->lease == NULL) {
        request_set_busy(request, "out of memory");
        return false;
    }
    mask_credentials(request, head);
    if (!find_route(request, exchange, head, &match) || !read_condition(request, head))
        return false;
    const struct route *route = match.route;
    request->series = route->series;
    request->service = route->app;
    request->app = request->lease->edition->apps[route->app];
    request->endpoint = route->endpoint;
    request->file = route->file;
    if (route->page != NULL) {
        route->page->set_response(request, head);
        return request->page_run != NULL || request->is_scrape;
    }
    cors_begin(request, request->app, head);
    if (route->is_folder) {
        set_redirect(request, head);
        return false;
    }
    if (route->file != NULL || endpoint_is_read(route->endpoint))
        request->coding = coding_accepted(head);
    if (route->file != NULL)
        return true;
    if (!let_in(request, exchange, head) || !params_keep(request, head, match.parts))
        return false;
    if (route->endpoint->is_question && (head->content_length > 0 || head->chunked))
        return params_expect_body(request, head); // the rest when it has come
    if (!params_read(request) || !params_negotiate(request, head))
        return false;
    if (endpoint_is_read(route->endpoint))
        return true;
    preference_read(request, head);
    return check_body(request, head) && check_condition(request) && repeating_begin(request, head);
}

// --- bodies

// There is nothing to parse: it goes to the writer at once.
static void write_without_rows(struct request *request, struct http_exchange *exchange)
{
    if (!write_prepare(request, exchange)) {
        reply(request, exchange);
        return;
    }
    request->mail.deliver = on_answered;
    request->away = true;
    http_defer(exchange);
    if (write_submit(request))
        return;
    request->away = false;
    reply(request, exchange);
}

static void receive_rows(
    struct request *request, struct http_exchange *exchange, const struct http_request *head)
{
    if (async_begin(request, exchange, head) || write_prepare(request, exchange))
        http_receive_body(exchange, request->context->max_body_bytes);
    else
        reply(request, exchange);
}

static void on_parsed(struct mail *mail);

// Hands the part to the parses pool; false, with the response set, when its queue is full. A short question
// is read here, and false then, too.
static bool parse_part(struct request *request, struct http_exchange *exchange)
{
    bool is_question = request->endpoint->is_question;
    if (is_question && request->upload.is_last && params_are_short(request)) {
        params_take_body(request);
        return false;
    }
    request->task.run = is_question ? params_parse : request->async != NULL ? async_parse : write_parse;
    request->mail.deliver = on_parsed;
    request->away = true;
    http_defer(exchange);
    if (pool_submit(request->context->parses, &request->task))
        return true;
    request->away = false;
    request_set_full(request, "requests", request->task.retry_s);
    return false;
}

static void read_endpoint(
    struct request *request, struct http_exchange *exchange, const struct http_request *head);

// All of a question has come and its parameters have passed: from here on it is like any other read.
static void ask(struct request *request, struct http_exchange *exchange)
{
    request->came_ns = clock_monotonic_ns();
    if (params_negotiate(request, request->heard))
        read_endpoint(request, exchange, request->heard);
    else
        reply(request, exchange);
}

// A part is done with: http may read on, and after the last one the response is known. When it is known
// before that, the rows so far are of no use, and the rest may be long in coming.
static void end_part(struct request *request, struct http_exchange *exchange)
{
    struct upload *upload = &request->upload;
    http_body_fini(&upload->part);
    if (request->response.status != 0)
        intake_fini(&upload->intake);
    http_credit_body(exchange, upload->part_bytes);
    if (!upload->is_last)
        return;
    if (request->endpoint->is_question && request->response.status == 0)
        ask(request, exchange);
    else
        reply(request, exchange);
}

// Takes what has come of the body, if that is worth a task. Once the response is known the rest of the body
// is only dropped: the client gets the response when it has sent all.
static void take_part(struct request *request, struct http_exchange *exchange)
{
    struct upload *upload = &request->upload;
    bool is_last = http_body_is_whole(exchange);
    if (!is_last && http_body_waiting(exchange) < LIMIT_PART_BYTES)
        return;
    http_take_body(exchange, &upload->part);
    upload->part_bytes = upload->part.len;
    upload->is_last = is_last;
    if (request->response.status != 0 || !parse_part(request, exchange))
        end_part(request, exchange);
}

// A parse task is back, or the writer.
static void on_parsed(struct mail *mail)
{
    struct request *request = CONTAINER_OF(mail, struct request, mail);
    struct http_exchange *exchange = take_back(request);
    if (exchange == NULL)
        return;
    end_part(request, exchange);
    if (!request->upload.is_last)
        take_part(request, exchange);
}

// --- reads

static void on_confirmed(struct mail *mail);

// An answer that is kept, or one that somebody reads already, or a read. `head`: NULL when the store has
// confirmed that what is kept is current.
static void recall(struct request *request, struct http_exchange *exchange, const struct http_request *head)
{
    switch (recall_find(request, head == NULL)) {
    case RECALL_ANSWERED:
        if (head != NULL)
            near_hit_note(request, head);
        reply(request, exchange);
        return;
    case RECALL_ASK:
        request->mail.deliver = on_confirmed;
        request->away = true;
        http_defer(exchange);
        recall_ask(request);
        return;
    case RECALL_RECODE:
        prepare_task(request, exchange, recode_run);
        hand_over(request);
        return;
    case RECALL_NOTHING:
        break;
    }
    if (loop_reads_try(loop_state(request->ref.loop)->reads, request)) {
        reply(request, exchange);
        return;
    }
    prepare_task(request, exchange, read_run);
    bool leads = request->source == SOURCE_BYPASS || request->source == SOURCE_REQUEST ||
                 flights_board(request->context->flights, &request->flight);
    if (leads)
        hand_over(request);
}

static void on_confirmed(struct mail *mail)
{
    struct request *request = CONTAINER_OF(mail, struct request, mail);
    struct http_exchange *exchange = take_back(request);
    if (exchange != NULL)
        recall(request, exchange, NULL);
}

static void read_endpoint(
    struct request *request, struct http_exchange *exchange, const struct http_request *head)
{
    recall_init(request, head);
    recall(request, exchange, head);
}

static void read_file(struct request *request, struct http_exchange *exchange)
{
    prepare_task(request, exchange, static_run);
    hand_over(request);
}

static void read_page(struct request *request, struct http_exchange *exchange)
{
    prepare_task(request, exchange, request->page_run);
    hand_over(request);
}

static void read_metrics(struct request *request, struct http_exchange *exchange)
{
    request->mail.deliver = on_answered;
    request->away = true;
    http_defer(exchange);
    metrics_page_ask(request);
}

// --- the handler

static void on_waited(struct mail *mail);

static void on_keys(struct keeper_question *question)
{
    request_send_back(CONTAINER_OF(question, struct request, keys_question));
}

static void on_ration_answer(struct ration_wait *wait)
{
    request_send_back(CONTAINER_OF(wait, struct request, ration));
}

static void on_ration(struct mail *mail);

// Gives back the lease of a request that is routed anew, and what it has of the lease's edition.
static void leave_edition(struct request *request)
{
    lease_return(request->lease);
    request->lease = NULL;
    request->endpoint = NULL;
    request->cors = NULL;
}

// Has the request routed anew when the store has been asked for more of what its client may use. The lease
// stays meanwhile, as the quota is its edition's.
static void wait_for_ration(
    struct request *request, struct http_exchange *exchange, const struct http_request *head)
{
    request->asks_ration = false;
    toll_hold(&request->toll);
    request->mail.deliver = on_ration;
    request->away = true;
    if (request->heard == NULL)
        request->heard = params_copy_head(&request->arena, head);
    http_defer(exchange);
    request->ration = (struct ration_wait){.account = request->toll.account,
        .quota = request->toll.quota,
        .wants = toll_wants(request->endpoint),
        .on_answer = on_ration_answer};
    rations_ask(limits_rations(request->context->limits, request->service), &request->ration);
}

// Has the request routed anew when the keeper has asked which keys there are, or an issuer was asked.
static void wait_for_keys(
    struct request *request, struct http_exchange *exchange, const struct http_request *head)
{
    request->has_asked_keys = true;
    request->mail.deliver = on_waited;
    request->away = true;
    if (request->heard == NULL)
        request->heard = params_copy_head(&request->arena, head);
    http_defer(exchange);
    request->keys_question.on_round = on_keys;
    if (request->asked_issuer != NULL)
        jwks_sources_ask(
            keys_sources(request->context->keys), request->asked_issuer->keys, &request->keys_question);
    else
        keys_ask(request->context->keys, request->service, &request->keys_question);
    request->asked_issuer = NULL;
    leave_edition(request);
}

static void go_on(struct request *request, struct http_exchange *exchange, const struct http_request *head)
{
    bool is_prepared = prepare(request, exchange, head);
    if (!is_prepared && request->asks_ration)
        wait_for_ration(request, exchange, head);
    else if (!is_prepared && request->response.status == 0)
        wait_for_keys(request, exchange, head);
    else if (!is_prepared)
        reply(request, exchange);
    else if (request->is_scrape)
        read_metrics(request, exchange);
    else if (request->page_run != NULL)
        read_page(request, exchange);
    else if (request->file != NULL)
        read_file(request, exchange);
    else if (request->asked.is_expected)
        http_receive_body(exchange, LIMIT_FORM_BYTES);
    else if (endpoint_is_read(request->endpoint))
        read_endpoint(request, exchange, head);
    else if (request->endpoint->field_count == 0)
        write_without_rows(request, exchange);
    else
        receive_rows(request, exchange, head);
}

// What the request waited for is done: a reload, or a question about keys.
static void on_waited(struct mail *mail)
{
    struct request *request = CONTAINER_OF(mail, struct request, mail);
    struct http_exchange *exchange = take_back(request);
    if (exchange == NULL)
        return;
    if (request->heard != NULL) {
        go_on(request, exchange, request->heard);
        return;
    }
    request_set_busy(request, "out of memory");
    reply(request, exchange);
}

// The store has been asked for a ration.
static void on_ration(struct mail *mail)
{
    struct request *request = CONTAINER_OF(mail, struct request, mail);
    enum err_code failure = request->ration.failure;
    if (failure == ERR_NONE && !request_is_abandoned(request)) {
        toll_fini(&request->toll);
        request->client = NULL; // the lease's, as is its id: the door may not know it any more
        request->line.client = (struct span){0};
        leave_edition(request);
        on_waited(mail);
        return;
    }
    struct http_exchange *exchange = take_back(request);
    if (exchange == NULL)
        return;
    request_set_busy(request, "how much of its plan the client has left cannot be found out just now");
    reply(request, exchange);
}

// Whether the request has to wait until edited files are in force.
static bool wait_for_reload(
    struct request *request, struct http_exchange *exchange, const struct http_request *head)
{
    struct reloader *reloader = request->context->reloader;
    if (!request->context->watches_files || own_pages_ignore_apps(head->path))
        return false;
    request->mail.deliver = on_waited;
    request->wait.mail = &request->mail;
    request->wait.loop = request->ref.loop;
    if (!reloader_waits(reloader, &request->wait))
        return false;
    request->away = true; // the mail comes on this thread, so not before all is in place
    request->heard = params_copy_head(&request->arena, head);
    http_defer(exchange);
    return true;
}

// Without memory for it links go without.
static void keep_prefix(struct request *request, const struct http_exchange *exchange)
{
    struct span prefix = http_prefix(exchange);
    const char *kept = prefix.len > 0 ? arena_strndup(&request->arena, prefix.at, prefix.len) : NULL;
    if (kept != NULL)
        request->prefix = (struct span){.at = kept, .len = prefix.len};
}

static void on_request(void *ctx, struct http_exchange *exchange, const struct http_request *head)
{
    struct context *context = ctx;
    struct near_hit hit = near_hit_find(context, exchange, head);
    if (hit.answer != NULL && context->access_log == NULL && !hit.is_traced) {
        counting_note_near(exchange, &hit);
        metering_count_near(context, http_exchange_ref(exchange).loop, &hit, head->method);
        near_hit_reply(&hit, exchange);
        return;
    }
    struct request *request = request_new(context, head);
    if (request == NULL) {
        toll_fini(&hit.toll);
        http_reply(exchange, &(struct http_reply){.status = 503, .headers = RETRY_SOON});
        return;
    }
    http_set_user(exchange, request);
    request->ref = http_exchange_ref(exchange);
    keep_prefix(request, exchange);
    if (hit.answer != NULL) {
        near_hit_describe(&hit, request);
        mask_credentials(request, head);
        near_hit_reply(&hit, exchange);
    } else if (!wait_for_reload(request, exchange, head)) {
        go_on(request, exchange, head);
    }
}

static void on_body(void *ctx, struct http_exchange *exchange)
{
    (void)ctx;
    struct request *request = http_user(exchange);
    if (!request->away) // else it is taken when the task is back
        take_part(request, exchange);
}

static void on_end(void *ctx, struct http_exchange *exchange, int status, size_t body_bytes)
{
    struct context *context = ctx;
    struct request *request = http_user(exchange);
    // An address takes longer to write than a hit.
    bool is_logged = context->access_log != NULL || (request != NULL && request->trace != NULL);
    request_log_end(context, request, is_logged ? http_peer(exchange) : "", status, body_bytes);
    counting_end(context, request, exchange, status, body_bytes);
    if (request == NULL)
        return;
    request->sent_status = status;
    request->sent_bytes = body_bytes;
    if (!request->away || flights_leave(context->flights, &request->flight))
        request_free(request);
    else
        atomic_store_explicit(&request->abandoned, true, memory_order_relaxed); // freed when its mail comes
}

// The request may be a worker's just now, so nothing of it is changed.
static void on_refuse(
    void *ctx, struct http_exchange *exchange, int status, const char *detail, struct http_reply *answer)
{
    static _Thread_local char lines[CORS_CHARS];
    const struct request *request = http_user(exchange);
    (void)ctx;
    if (request != NULL && request->cors != NULL) {
        lines[0] = '\0';
        cors_append(request->cors, request->origin, lines);
        answer->more_headers = lines;
    }
    answer->content_type = PROBLEM_MEDIA_TYPE;
    answer->body = problem_blob(&(struct problem){.status = status, .detail = detail});
    if (answer->body == NULL)
        answer->content_type = NULL;
    if (status == 503)
        answer->headers = RETRY_SOON;
}

static void on_turned_away(void *ctx, const char *peer, const char *why)
{
    struct context *context = ctx;
    turned_away_tell(&context->turned_away, context->error_log, peer, why);
}

struct http_handler request_handler(struct context *context)
{
    return (struct http_handler){.ctx = context,
        .on_request = on_request,
        .on_body = on_body,
        .on_end = on_end,
        .on_refuse = on_refuse,
        .on_turned_away = on_turned_away};
}
