// SPDX-License-Identifier: Apache-2.0
// Checks heads before a byte of their bodies is read. What is in a body is for batch/ or question.c. Runs on
// the request's loop, but for body_head_refuse_question.
#include "serve/body_head.h"

#include "app/csv_request.h"

// --- the body of any request

// Whether the body is no part of one: RFC 9110 section 14.5.
static bool check_range(struct request *request, const struct http_request *head)
{
    if (http_field(head, "content-range") == NULL)
        return true;
    request_refuse(request, 400, "a part of a body, as Content-Range names one, is not taken: send it whole");
    return false;
}

// Notes in which coding the body comes.
static bool read_coding(struct request *request, const struct http_request *head)
{
    if (coding_of_body(head, &request->body_coding))
        return true;
    request_set_problem(request, // RFC 9110 section 15.5.16
        &(struct problem){.status = 415, .detail = "the Content-Encoding must be one of " CODING_NAMES},
        "Accept-Encoding: " CODING_NAMES "\r\n");
    return false;
}

// --- of a question

void body_head_refuse_question(struct request *request, const char *detail)
{
    request_set_problem(request, &(struct problem){.status = 415, .detail = detail},
        request->endpoint->method == HTTP_QUERY ? "Accept-Query: " QUESTION_MEDIA_TYPES "\r\n"
                                                : "Accept-Post: " QUESTION_MEDIA_TYPES "\r\n");
}

bool body_head_check_question(struct request *request, const struct http_request *head)
{
    const struct http_field *type = http_field(head, "content-type");
    if (!check_range(request, head) || !read_coding(request, head))
        return false;
    if (type != NULL && body_format_of_type(type->value, &request->body_format) &&
        (request->body_format == BODY_JSON || request->body_format == BODY_FORM))
        return true;
    body_head_refuse_question(request, "the Content-Type must be one of " QUESTION_MEDIA_TYPES ", in UTF-8");
    return false;
}

// --- of a write

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

bool body_head_check(struct request *request, const struct http_request *head)
{
    if (!check_range(request, head))
        return false;
    if (request->endpoint->field_count == 0) {
        if (head->content_length == 0 && !head->chunked)
            return true;
        request_refuse(request, 400, "this endpoint takes no rows: send the request without a body");
        return false;
    }
    const struct http_field *type = http_field(head, "content-type");
    if (!read_coding(request, head))
        return false;
    if (type != NULL && body_format_of_type(type->value, &request->body_format))
        return read_body_format(request, type->value);
    request_set_problem(request,
        &(struct problem){
            .status = 415, .detail = "the Content-Type must be one of " BODY_MEDIA_TYPES ", in UTF-8"},
        "Accept-Post: " BODY_MEDIA_TYPES "\r\n");
    return false;
}
