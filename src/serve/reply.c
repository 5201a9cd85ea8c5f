// SPDX-License-Identifier: Apache-2.0
// Makes an http_reply of a response. What the response is, others have settled by now; here it may still
// become 304 or 412, and gets the lines that any answer of its app or client has. Runs on the request's loop.
#include "serve/reply.h"

#include "serve/cors.h"
#include "serve/paying.h"
#include "serve/preference.h"

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

void reply_send(struct request *request, struct http_exchange *exchange)
{
    char text[TOLL_CHARS + CORS_CHARS + PREFERENCE_CHARS];
    struct header_lines lines;
    struct response *response = &request->response;
    header_lines_init(&lines, text, sizeof(text));
    apply_condition(request);
    keep_from_shared_caches(request);
    if (request->toll.quota != NULL)
        paying_charge(request, exchange, &lines);
    if (request->cors != NULL)
        cors_write(request->cors, request->origin, &lines);
    preference_write(request, &lines);
    bool has_body = response->body != NULL || response->file != NULL;
    struct http_reply answer = {
        .status = response->status,
        .content_type = has_body ? response->content_type : NULL,
        .headers = response->headers,
        .more_headers = header_lines_text(&lines),
        .body = response->body,
        .file = response->file,
    };
    response->body = NULL; // http_reply takes both
    response->file = NULL;
    http_reply(exchange, &answer);
}
