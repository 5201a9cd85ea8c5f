// SPDX-License-Identifier: Apache-2.0
// Goes the way of a request in the server, with the same routes (serve/route.h) and the same reading of
// parameters (serve/query.h, serve/claims.h), and tells people on stderr what the server would answer to a
// client. The main thread.
#include "cmd/typed_request.h"

#include <stdio.h>

#include "cmd/message.h"
#include "cmd/typed_client.h"
#include "serve/claims.h"
#include "serve/own_pages.h"
#include "serve/query.h"
#include "serve/route.h"

// A request on the way from its text to its endpoint.
struct search {
    const char *text;                // as typed
    struct arena *arena;             // borrowed
    enum http_method method;         //
    struct span path;                // percent-encoded
    struct span query;               // likewise
    const struct endpoint *endpoint; //
    const struct span *parts;        // of the path, decoded
};

static bool fail(const struct search *search, const char *what)
{
    message_print(search->text, what);
    return false;
}

static bool split(struct search *search)
{
    struct span rest = span_of(search->text);
    struct span method = span_split(&rest, ' ');
    search->query = span_trim(rest);
    search->path = span_split(&search->query, '?');
    if (http_method_from_name(method, &search->method) && search->path.len > 0 && search->path.at[0] == '/')
        return true;
    return fail(search, "this is no request; one begins with GET /path, in capitals and one pair of quotes");
}

// A private endpoint has no route. It is found by its path as it is declared.
static bool find_private(struct search *search, const struct app *app)
{
    const struct endpoint *endpoint = app_find(app, search->method, search->path);
    if (endpoint == NULL || !endpoint->is_private)
        return false;
    struct span *parts = arena_zalloc(search->arena, endpoint->part_count + 1, sizeof(*parts));
    for (size_t i = 0; parts != NULL && i < endpoint->part_count; i++)
        parts[i] = endpoint->parts[i].text;
    search->endpoint = endpoint;
    search->parts = parts;
    return parts != NULL;
}

static bool fail_method(const struct search *search, const struct route_match *match)
{
    char allow[ALLOW_CHARS];
    route_allow(match->methods, allow);
    fprintf(stderr, "reckoner: %s: %s is not for this path: it answers %s\n", search->text,
        http_method_name(search->method), allow);
    return false;
}

static bool find_route(struct search *search, const struct routes *routes)
{
    struct route_match match;
    switch (routes_find(routes, search->path, search->method, search->arena, &match)) {
    case ROUTE_NONE:
        return fail(search, "no endpoint has this path");
    case ROUTE_METHOD:
        return fail_method(search, &match);
    case ROUTE_ENCODING:
        return fail(search, "the path is badly percent-encoded");
    case ROUTE_MEMORY:
        return fail(search, "out of memory");
    case ROUTE_FOUND:
        break;
    }
    search->endpoint = match.route->endpoint;
    search->parts = match.parts;
    return search->endpoint != NULL ||
           fail(search, "this is a file or a page of the server's own: it runs no SQL");
}

static bool find_public(struct search *search, struct app *app)
{
    struct routes *routes;
    struct err err = {0};
    if (routes_new(own_pages, &app, 1, &routes, &err) != ERR_NONE)
        return fail(search, err.text);
    bool found = find_route(search, routes);
    routes_free(routes);
    return found;
}

// What a query leaves out of its client is null.
static enum err_code read_client(const struct search *search, const struct typed_client *typed,
    struct value *params, struct report *report, struct err *err)
{
    const struct endpoint *endpoint = search->endpoint;
    enum err_code code =
        claims_read(endpoint, typed->is_known ? &typed->client : NULL, search->arena, params, report, err);
    for (size_t i = 0; typed->client.id.len == 0 && i < endpoint->param_count; i++) {
        if (endpoint->params[i].source == PARAM_CLIENT)
            params[i] = (struct value){.kind = VALUE_NULL};
    }
    return code;
}

static bool fail_client(const struct search *search, const struct report *report)
{
    message_report(search->text, report);
    return fail(search, "write into the query what a key would say: client=ID, and each claim by its name");
}

static bool read_params(const struct search *search, struct typed_request *ret_request)
{
    AUTO(report_fini) struct report report = {0};
    struct typed_client client;
    struct err err = {0};
    struct typed_request request = {.endpoint = search->endpoint};
    request.params = arena_zalloc(search->arena, search->endpoint->param_count + 1, sizeof(*request.params));
    if (request.params == NULL)
        return fail(search, "out of memory");
    if (typed_client_read(search->endpoint, search->query, search->arena, &client, &err) != ERR_NONE)
        return fail(search, err.text);
    if (read_client(search, &client, request.params, &report, &err) != ERR_NONE)
        return report.total > 0 ? fail_client(search, &report) : fail(search, err.text);
    const struct query_texts texts = {.parts = search->parts, .query = client.rest};
    struct query_found found = {.values = request.params};
    if (query_read(search->endpoint, &texts, search->arena, &found, &report, &err) != ERR_NONE) {
        message_report(search->text, &report);
        return fail(search, err.text);
    }
    request.format = found.has_format                        ? found.format
                     : search->endpoint->shape == SHAPE_TEXT ? FORMAT_TEXT
                                                             : FORMAT_JSON;
    *ret_request = request;
    return true;
}

bool typed_request_read(
    struct app *app, const char *text, struct arena *arena, struct typed_request *ret_request)
{
    struct search search = {.text = text, .arena = arena};
    if (!split(&search))
        return false;
    return (find_private(&search, app) || find_public(&search, app)) && read_params(&search, ret_request);
}
