// SPDX-License-Identifier: Apache-2.0
// A question has its parameters in a body as well, which is short and is read as a whole: its bytes, as they
// are when decompressed, are charged to the budget of rows, as they are held until the answer is sent, whose
// parameters borrow them. What parameters are is query.c's, the way of a body handler.c's. On the loop, and a
// parse thread for the body.
#include "serve/params.h"

#include <stdio.h>

#include "base/limits.h"
#include "serve/claims.h"
#include "serve/format.h"
#include "serve/query.h"

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
    bool is_cut = request->query.at != NULL; // by the door
    bool kept = is_cut || keep(request, head->query, &request->query);
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

// The body of a question is of another type.
static void fail_type(struct request *request, const char *detail)
{
    request_set_problem(request, &(struct problem){.status = 415, .detail = detail},
        request->endpoint->method == HTTP_QUERY ? "Accept-Query: " QUESTION_MEDIA_TYPES "\r\n"
                                                : "Accept-Post: " QUESTION_MEDIA_TYPES "\r\n");
}

bool params_read(struct request *request)
{
    struct report *report = &request->report;
    struct query_format format = {0};
    struct err err = {0};
    struct query_body body = {.is_json = request->asked.is_json, .bytes = buf_span(&request->asked.bytes)};
    enum err_code code =
        claims_read(request->endpoint, request->client, &request->arena, request->params, report, &err);
    if (code != ERR_NONE) {
        request_set_error(request, &err, report);
        return false;
    }
    code = query_read_with_body(request->endpoint, request->parts, request->query, &body, &request->arena,
        request->params, &format, report, &err);
    if (code == ERR_NONE) {
        request->format = format.format;
        request->varies = !format.is_given;
        request->is_of_moment = format.is_of_moment;
        return true;
    }
    if (code == ERR_INVALID)
        report->status = 400;
    if (code == ERR_MEDIA_TYPE)
        fail_type(request, err.text);
    else
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

bool params_read_coding(struct request *request, const struct http_request *head)
{
    if (coding_of_body(head, &request->body_coding))
        return true;
    request_set_problem(request, // RFC 9110 section 15.5.16
        &(struct problem){.status = 415, .detail = "the Content-Encoding must be one of " CODING_NAMES},
        "Accept-Encoding: " CODING_NAMES "\r\n");
    return false;
}

// --- the body of a question

bool params_expect_body(struct request *request, const struct http_request *head)
{
    const struct http_field *type = http_field(head, "content-type");
    if (http_field(head, "content-range") != NULL) { // RFC 9110 section 14.5
        request_refuse(
            request, 400, "a part of a body, as Content-Range names one, is not taken: send it whole");
        return false;
    }
    if (!params_read_coding(request, head))
        return false;
    if (type == NULL || !body_format_of_type(type->value, &request->body_format) ||
        (request->body_format != BODY_JSON && request->body_format != BODY_FORM)) {
        fail_type(request, "the Content-Type must be one of " QUESTION_MEDIA_TYPES ", in UTF-8");
        return false;
    }
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

// Charges what the body holds now in place of what it held before.
static enum err_code charge_held(struct request *request, struct err *err)
{
    struct asked *asked = &request->asked;
    struct budget *budget = &request->context->rows_budget;
    budget_give_back(budget, asked->charged_bytes);
    asked->charged_bytes = asked->bytes.len;
    if (asked->decompressor != NULL)
        asked->charged_bytes += decompressor_held_bytes(asked->decompressor);
    if (budget_take(budget, asked->charged_bytes))
        return ERR_NONE;
    asked->charged_bytes = 0;
    return err_set(err, ERR_BUSY, "too many bodies are waiting: send this one again later");
}

// http or the decompressor has seen to it that the body is no larger than the buffer.
static enum err_code append(struct asked *asked, struct span bytes, struct err *err)
{
    buf_append(&asked->bytes, bytes.at, bytes.len);
    return buf_status(&asked->bytes) == ERR_NONE ? ERR_NONE : err_no_memory(err);
}

static enum err_code append_decompressed(struct asked *asked, struct span bytes, struct err *err)
{
    struct span piece;
    enum err_code code;
    do {
        code = decompressor_next(asked->decompressor, &bytes, &piece, err);
        if (code == ERR_NONE && piece.len > 0)
            code = append(asked, piece, err);
    } while (code == ERR_NONE && piece.len > 0);
    return code;
}

static enum err_code add_part(struct request *request, struct err *err)
{
    struct asked *asked = &request->asked;
    struct span bytes;
    enum err_code code = ERR_NONE;
    if (request->body_coding != CODING_IDENTITY && asked->decompressor == NULL)
        code = decompressor_new(request->body_coding, LIMIT_FORM_BYTES, &asked->decompressor, err);
    while (code == ERR_NONE && http_body_next(&request->upload.part, &bytes)) {
        code =
            asked->decompressor != NULL ? append_decompressed(asked, bytes, err) : append(asked, bytes, err);
        if (code == ERR_NONE)
            code = charge_held(request, err);
    }
    if (code == ERR_NONE && asked->decompressor != NULL && request->upload.is_last)
        code = decompressor_finish(asked->decompressor, err);
    return code;
}

void params_take_body(struct request *request)
{
    struct err err = {0};
    bool is_last = request->upload.is_last;
    enum err_code code = add_part(request, &err);
    if (code != ERR_NONE || is_last) {
        decompressor_free(request->asked.decompressor);
        request->asked.decompressor = NULL;
    }
    if (code == ERR_NONE && is_last)
        code = charge_held(request, &err);
    if (code == ERR_BUSY)
        request_set_busy(request, err.text);
    else if (code != ERR_NONE)
        request_set_error(request, &err, &request->report);
    else if (is_last && !params_read(request))
        return; // the response tells why
}

bool params_are_short(const struct request *request)
{
    return request->body_coding == CODING_IDENTITY &&
           request->asked.bytes.len + request->upload.part_bytes <= LIMIT_PROMPT_QUESTION_BYTES;
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
