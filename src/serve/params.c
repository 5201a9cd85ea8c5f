// SPDX-License-Identifier: Apache-2.0
// A question has its parameters in a body as well, which is short and is read as a whole: its bytes are
// charged to the budget of rows, as they are held until the answer is sent, whose parameters borrow them.
// What parameters are is query.c's, the way of a body handler.c's. On the loop, and a parse thread for the
// body.
#include "serve/params.h"

#include <stdio.h>

#include "base/limits.h"
#include "serve/format.h"
#include "serve/query.h"

enum { HEADERS_BYTES = 256 };

static const char QUESTION_MEDIA_TYPES[] = "application/json, application/x-www-form-urlencoded";

// --- the head

// A copy in the request's arena, which outlives the head; false without memory.
static bool keep(struct request *request, struct span text, struct span *ret_kept)
{
    const char *copy = arena_strndup(&request->arena, text.len > 0 ? text.at : "", text.len);
    if (copy == NULL)
        return false;
    *ret_kept = (struct span){.at = copy, .len = text.len};
    return true;
}

bool params_keep(struct request *request, const struct http_request *head, struct span *parts)
{
    const struct endpoint *endpoint = request->endpoint;
    bool kept = keep(request, head->query, &request->query);
    for (size_t i = 0; kept && i < endpoint->part_count; i++)
        kept = endpoint->parts[i].param < 0 || keep(request, parts[i], &parts[i]);
    if (kept && endpoint->page_rows > 0)
        kept = keep(request, head->path, &request->path);
    request->parts = parts;
    request->params = arena_zalloc(&request->arena, endpoint->param_count, sizeof(struct value));
    if (kept && request->params != NULL)
        return true;
    request_set_busy(request, "out of memory");
    return false;
}

bool params_read(struct request *request)
{
    struct report *report = &request->report;
    struct query_format format = {0};
    struct err err = {0};
    struct query_body body = {.is_json = request->asked.is_json, .bytes = buf_span(&request->asked.bytes)};
    enum err_code code = query_read_with_body(request->endpoint, request->parts, request->query, &body,
        &request->arena, request->params, &format, report, &err);
    if (code == ERR_NONE) {
        request->format = format.format;
        request->varies = !format.is_given;
        return true;
    }
    if (code == ERR_INVALID)
        report->status = 400;
    request_set_error(request, &err, report);
    return false;
}

bool params_negotiate(struct request *request, const struct http_request *head)
{
    if (!request->varies || format_accepted(request->endpoint, head, &request->format))
        return true;
    char types[FORMAT_LIST_CHARS], detail[FORMAT_LIST_CHARS + 64];
    format_types(request->endpoint, types);
    snprintf(detail, sizeof(detail), "the answer is %s, which Accept leaves out", types);
    request_set_problem(request, &(struct problem){.status = 406, .detail = detail}, "Vary: Accept\r\n");
    return false;
}

const struct http_request *params_copy_head(struct arena *arena, const struct http_request *head)
{
    struct http_request *copy = arena_alloc(arena, sizeof(*copy));
    if (copy == NULL)
        return NULL;
    *copy = *head;
    struct span *texts[2 + 2 * LIMIT_HEAD_FIELDS] = {&copy->path, &copy->query};
    size_t count = 2;
    for (size_t i = 0; i < copy->field_count; i++) {
        texts[count++] = &copy->fields[i].name;
        texts[count++] = &copy->fields[i].value;
    }
    for (size_t i = 0; i < count; i++) {
        if (texts[i]->len > 0)
            texts[i]->at = arena_strndup(arena, texts[i]->at, texts[i]->len);
        if (texts[i]->len > 0 && texts[i]->at == NULL)
            return NULL;
    }
    return copy;
}

// --- the body of a question

static bool fail_type(struct request *request, const struct http_request *head)
{
    char headers[HEADERS_BYTES], detail[HEADERS_BYTES];
    int len = snprintf(headers, sizeof(headers), "Accept-%s: %s\r\n",
        head->method == HTTP_QUERY ? "Query" : "Post", QUESTION_MEDIA_TYPES);
    snprintf(detail, sizeof(detail), "the Content-Type must be one of %s, in UTF-8", QUESTION_MEDIA_TYPES);
    request_set_problem(request, &(struct problem){.status = 415, .detail = detail},
        arena_strndup(&request->arena, headers, (size_t)len));
    return false;
}

bool params_expect_body(struct request *request, const struct http_request *head)
{
    const struct http_field *type = http_field(head, "content-type");
    enum coding coding;
    if (http_field(head, "content-range") != NULL) { // RFC 9110 section 14.5
        request_refuse(
            request, 400, "a part of a body, as Content-Range names one, is not taken: send it whole");
        return false;
    }
    if (!coding_of_body(head, &coding) || coding != CODING_IDENTITY) {
        request_set_problem(request,
            &(struct problem){.status = 415, .detail = "the body must come without Content-Encoding"},
            "Accept-Encoding: identity\r\n");
        return false;
    }
    if (type == NULL || !body_format_of_type(type->value, &request->body_format) ||
        (request->body_format != BODY_JSON && request->body_format != BODY_FORM))
        return fail_type(request, head);
    if (request->heard == NULL)
        request->heard = params_copy_head(&request->arena, head);
    if (request->heard == NULL) {
        request_set_busy(request, "out of memory");
        return false;
    }
    request->asked.is_expected = true;
    request->asked.is_json = request->body_format == BODY_JSON;
    buf_init(&request->asked.bytes, LIMIT_FORM_BYTES);
    return true;
}

static bool add_part(struct request *request)
{
    struct asked *asked = &request->asked;
    struct http_body *part = &request->upload.part;
    struct span bytes;
    if (!budget_take(&request->context->rows_budget, part->len)) {
        request_set_busy(request, "too many bodies are waiting: send this one again later");
        return false;
    }
    asked->charged_bytes += part->len;
    while (http_body_next(part, &bytes))
        buf_append(&asked->bytes, bytes.at, bytes.len);
    if (buf_status(&asked->bytes) == ERR_NONE)
        return true;
    request_set_busy(request, "out of memory"); // http has seen to it that it is no larger than the buffer
    return false;
}

void params_take_body(struct request *request)
{
    bool is_last = request->upload.is_last;
    if (add_part(request) && is_last && !params_read(request))
        return; // the response tells why
}

void params_parse(struct task *task, void *worker)
{
    (void)worker;
    struct request *request = CONTAINER_OF(task, struct request, task);
    if (!request_give_up(request)) {
        params_take_body(request);
        request_send_back(request);
    }
}
