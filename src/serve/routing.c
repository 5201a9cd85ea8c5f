// SPDX-License-Identifier: Apache-2.0
// Answers of requests that lead nowhere, or elsewhere, need no worker and are set here. The table itself is
// route.c's. Runs on the request's loop.
#include "serve/routing.h"

#include <stdio.h>

#include "base/limits.h"
#include "http/listen.h"
#include "serve/body_head.h"
#include "serve/cors.h"
#include "serve/link.h"
#include "serve/own_pages.h"

enum { HEADERS_BYTES = 256, LOCATION_BYTES = 3 * LIMIT_TARGET_BYTES + 64 };

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
void routing_set_redirect(struct request *request, const struct http_request *head)
{
    AUTO(buf_fini) struct buf location;
    buf_init(&location, LOCATION_BYTES);
    link_write_location(
        &(struct link_target){.prefix = request->prefix, .path = head->path, .query = head->query},
        &location);
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
    if (request->prefix.len == 0)
        return "Location: /-/docs\r\n";
    char line[HEADERS_BYTES + LIMIT_PREFIX_BYTES];
    int len = snprintf(
        line, sizeof(line), "Location: %.*s/-/docs\r\n", (int)request->prefix.len, request->prefix.at);
    return arena_strndup(&request->arena, line, (size_t)len);
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
    size_t service = other->service;
    bool is_known = cors_is_preflight(head, &name) && http_method_from_name(name, &method);
    if (is_known &&
        routes_find(edition->routes, head->path, method, &request->arena, &wanted) == ROUTE_FOUND &&
        wanted.route->page == NULL)
        service = wanted.route->service;
    if (service != ROUTE_NO_SERVICE)
        cors_begin(request, edition->apps[service], head);
}

bool routing_find(struct request *request, const struct http_exchange *exchange,
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
