// SPDX-License-Identifier: Apache-2.0
// The protocol of the Fetch standard (fetch.spec.whatwg.org, section 3.2). A browser that is told nothing
// shows the answer to nobody, so what is not taken is left out; a preflight, which nobody sees but who looks
// for the mistake, is told why.
#include "serve/cors.h"

#include <stdio.h>
#include <string.h>

enum { PREFLIGHT_BYTES = 4096, DETAIL_BYTES = 512, SHOWN_ORIGIN = 200 };

static const char VARY[] = "Vary: Origin\r\n";

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

static char *put(char *at, const char *text, size_t len)
{
    memcpy(at, text, len);
    return at + len;
}

void cors_append(const struct cors *cors, struct span origin, char *lines)
{
    static const char ALLOW[] = "Access-Control-Allow-Origin: ";
    char *at = lines + strlen(lines);
    if (cors->takes_all) {
        at = put(at, cors->for_all, strlen(cors->for_all));
        *at = '\0';
        return;
    }
    if (origin.len <= LIMIT_ORIGIN_BYTES && cors_takes(cors, origin)) {
        at = put(at, ALLOW, sizeof(ALLOW) - 1);
        at = put(at, origin.at, origin.len);
        at = put(at, "\r\n", 2);
        at = put(at, cors->granted.at, cors->granted.len);
    }
    at = put(at, VARY, sizeof(VARY) - 1);
    *at = '\0';
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
