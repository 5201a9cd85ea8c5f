// SPDX-License-Identifier: Apache-2.0
// A parsed request head: what the parser makes and the handler reads. Everything in it is borrowed from the
// bytes that were parsed.
#ifndef RECKONER_HTTP_MESSAGE_H
#define RECKONER_HTTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/limits.h"
#include "base/span.h"

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_QUERY,   // RFC 10008: safe, with a body that is the question
    HTTP_METHODS, // how many there are
};

struct http_field {
    struct span name;  // as it came; names are compared without regard to case
    struct span value; // without the blanks around it
};

struct http_request {
    enum http_method method;
    bool minor_version;      // 1 for HTTP/1.1, 0 for HTTP/1.0
    bool asterisk;           // the target was "*" (OPTIONS only); path is empty then
    bool keep_alive;         // the connection outlives this request
    bool expects_continue;   // the client waits for 100 Continue before it sends the body
    bool chunked;            // the body is chunked
    uint64_t content_length; // bytes of a sized body; 0 when there is none or it is chunked
    struct span path;        // of the target, still percent-encoded, starting with "/"
    struct span query;       // behind the "?", still percent-encoded; empty when there is none
    size_t field_count;      // fields in use
    struct http_field fields[LIMIT_HEAD_FIELDS];
};

// How far a parser got with the bytes it was given.
enum http_progress {
    HTTP_MORE,    // all are used up, and more are needed
    HTTP_DATA,    // a run of body data was found
    HTTP_DONE,    // what was parsed is whole
    HTTP_REFUSED, // not of the format, or over a limit
};

// Why http itself refuses a request.
struct http_refusal {
    int status;       // 4xx or 5xx
    char detail[128]; // for the client: what is wrong; cut when longer
};

// Fills `ret_refusal`; returns HTTP_REFUSED.
enum http_progress http_refuse(struct http_refusal *ret_refusal, int status, const char *format, ...)
    PRINTF_LIKE(3, 4);

// The upper-case name of a method, and back: false for a name that is not known. Names are compared with
// their case (RFC 9110 section 9.1).
const char *http_method_name(enum http_method method);
MUST_CHECK bool http_method_from_name(struct span name, enum http_method *ret_method);

// GET, HEAD, OPTIONS and QUERY, which change nothing (RFC 9110 section 9.2.1, RFC 10008 section 2).
bool http_method_is_safe(enum http_method method);

// The first field of that name, or NULL.
const struct http_field *http_field(const struct http_request *request, const char *name);

// Takes the next element off a field's value that is a list, without the blanks around it; false at its end.
// Empty elements are passed over (RFC 9110 section 5.6.1.2). For lists without quoted strings.
MUST_CHECK bool http_list_next(struct span *list, struct span *ret_element);

// A status code's reason phrase (RFC 9110 section 15), or "" for one that is not known.
const char *http_reason(int status);

#endif
