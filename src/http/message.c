// SPDX-License-Identifier: Apache-2.0
// The fixed texts of HTTP: methods, reasons, and the words of a refusal; and lists. No state; any thread.
#include "http/message.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const METHOD_NAMES[HTTP_METHODS] = {
    [HTTP_GET] = "GET",
    [HTTP_HEAD] = "HEAD",
    [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",
    [HTTP_PATCH] = "PATCH",
    [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS",
    [HTTP_QUERY] = "QUERY",
};

const char *http_method_name(enum http_method method)
{
    return METHOD_NAMES[method];
}

bool http_method_from_name(struct span name, enum http_method *ret_method)
{
    for (int i = 0; i < HTTP_METHODS; i++) {
        if (span_is(name, METHOD_NAMES[i])) {
            *ret_method = (enum http_method)i;
            return true;
        }
    }
    return false;
}

bool http_method_is_safe(enum http_method method)
{
    return method == HTTP_GET || method == HTTP_HEAD || method == HTTP_OPTIONS || method == HTTP_QUERY;
}

const struct http_field *http_field(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->field_count; i++) {
        if (span_is_nocase(request->fields[i].name, name))
            return &request->fields[i];
    }
    return NULL;
}

bool http_list_next(struct span *list, struct span *ret_element)
{
    while (list->len > 0) {
        struct span element = span_trim(span_split(list, ','));
        if (element.len > 0) {
            *ret_element = element;
            return true;
        }
    }
    return false;
}

enum http_progress http_refuse(struct http_refusal *ret_refusal, int status, const char *format, ...)
{
    ret_refusal->status = status;
    va_list args;
    va_start(args, format);
    vsnprintf(ret_refusal->detail, sizeof(ret_refusal->detail), format, args);
    va_end(args);
    return HTTP_REFUSED;
}

// RFC 9110 section 15; 428, 429 and 431 from RFC 6585, 507 from RFC 4918.
static const struct {
    int status;
    const char *reason;
} REASONS[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

const char *http_reason(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(REASONS); i++) {
        if (REASONS[i].status == status)
            return REASONS[i].reason;
    }
    return "";
}
