// SPDX-License-Identifier: Apache-2.0
// The protocol of the Fetch standard (fetch.spec.whatwg.org, section 3.2). A browser that is told nothing
// shows the answer to nobody, so what is not taken is left out; a preflight, which nobody sees but who looks
// for the mistake, is told why.
#include "serve/cors.h"

#include <stdio.h>
#include <string.h>

enum { PREFLIGHT_BYTES = 4096, DETAIL_BYTES = 512, SHOWN_ORIGIN = 200 };

struct span cors_origin(const struct http_request *head)
{
    const struct http_field *field = http_field(head, "origin");
    return field != NULL ? field->value : (struct span){0};
}

void cors_begin(struct request *request, const struct app *app, const struct http_request *head)
{
    if (!app->cors.is_declared)
        return;
    struct span origin = cors_origin(head);
    request->cors = &app->cors;
    if (app->cors.takes_all || origin.len == 0)
        return;
    const char *kept = arena_strndup(&request->arena, origin.at, origin.len);
    if (kept != NULL) // else the page does not see that there is no memory
        request->origin = (struct span){.at = kept, .len = origin.len};
}

void cors_write(const struct cors *cors, struct span origin, struct header_lines *lines)
{
    if (cors->takes_all) {
        header_lines_add(lines, cors->for_all, strlen(cors->for_all));
        return;
    }
    if (origin.len <= LIMIT_ORIGIN_BYTES && cors_takes(cors, origin)) {
        HEADER_LINES_ADD(lines, "Access-Control-Allow-Origin: ");
        header_lines_add(lines, origin.at, origin.len);
        HEADER_LINES_ADD(lines, "\r\n");
        header_lines_add(lines, cors->granted.at, cors->granted.len);
    }
    HEADER_LINES_ADD(lines, "Vary: Origin\r\n");
}

// --- preflights

bool cors_is_preflight(const struct http_request *head, struct span *ret_method)
{
    const struct http_field *method = NULL;
    if (head->method == HTTP_OPTIONS && cors_origin(head).len > 0)
        method = http_field(head, "access-control-request-method");
    if (method != NULL)
        *ret_method = method->value;
    return method != NULL;
}

void cors_set_preflight(struct request *request, const char *methods, const char *headers)
{
    const struct cors *cors = request->cors;
    struct span origin = request->origin;
    if (!cors->takes_all && !cors_takes(cors, origin)) {
        char detail[DETAIL_BYTES];
        snprintf(detail, sizeof(detail),
            "pages of %.*s may not use this: its origins are those that [cors] of the app names",
            (int)(origin.len < SHOWN_ORIGIN ? origin.len : SHOWN_ORIGIN), origin.len > 0 ? origin.at : "");
        request_set_problem(request, &(struct problem){.status = 403, .detail = detail}, headers);
        return;
    }
    char lines[PREFLIGHT_BYTES];
    int len = snprintf(lines, sizeof(lines),
        "%sAccess-Control-Allow-Methods: %s\r\nAccess-Control-Allow-Headers: %.*s\r\n"
        "Access-Control-Max-Age: %u\r\n",
        headers, methods, (int)cors->headers.len, cors->headers.at, (unsigned)cors->max_age_s);
    const char *kept = arena_strndup(&request->arena, lines, (size_t)len);
    if (kept == NULL)
        request_set_busy(request, "out of memory");
    else
        request->response = (struct response){.status = 204, .headers = kept};
}
