// SPDX-License-Identifier: Apache-2.0
#include "cmd/explain_request.h"

#include <stdio.h>

#include "cmd/open.h"
#include "cmd/report.h"
#include "serve/query.h"
#include "serve/route.h"

// What is asked, on the way from its text to its endpoint.
struct asking {
    const char *text;                // as typed
    struct arena *arena;             // borrowed
    enum http_method method;         //
    struct span path;                // percent-encoded
    struct span query;               // likewise
    const struct endpoint *endpoint; //
    const struct span *parts;        // of the path, decoded
};

static bool fail(const struct asking *asking, const char *what)
{
    fprintf(stderr, "reckoner: %s: %s\n", asking->text, what);
    return false;
}

static bool split(struct asking *asking)
{
    struct span rest = span_of(asking->text);
    struct span method = span_split(&rest, ' ');
    asking->query = span_trim(rest);
    asking->path = span_split(&asking->query, '?');
    if (http_method_from_name(method, &asking->method) && asking->path.len > 0 && asking->path.at[0] == '/')
        return true;
    return fail(asking, "this is no request; one begins with GET /path");
}

// A private endpoint has no route. It is found by its path as it is declared.
static bool find_private(struct asking *asking, const struct app *app)
{
    const struct endpoint *endpoint = app_find(app, asking->method, asking->path);
    if (endpoint == NULL || !endpoint->is_private)
        return false;
    struct span *parts = arena_zalloc(asking->arena, endpoint->part_count + 1, sizeof(*parts));
    for (size_t i = 0; parts != NULL && i < endpoint->part_count; i++)
        parts[i] = endpoint->parts[i].text;
    asking->endpoint = endpoint;
    asking->parts = parts;
    return parts != NULL;
}

static bool fail_method(const struct asking *asking, const struct route_match *match)
{
    char allow[ALLOW_CHARS];
    route_allow(match->methods, allow);
    fprintf(stderr, "reckoner: %s: %s is not for this path: it answers %s\n", asking->text,
        http_method_name(asking->method), allow);
    return false;
}

static bool find_route(struct asking *asking, const struct routes *routes)
{
    struct route_match match;
    switch (routes_find(routes, asking->path, asking->method, asking->arena, &match)) {
    case ROUTE_NONE:
        return fail(asking, "no endpoint has this path");
    case ROUTE_METHOD:
        return fail_method(asking, &match);
    case ROUTE_ENCODING:
        return fail(asking, "the path is badly percent-encoded");
    case ROUTE_MEMORY:
        return fail(asking, "out of memory");
    case ROUTE_FOUND:
        break;
    }
    asking->endpoint = match.route->endpoint;
    asking->parts = match.parts;
    return asking->endpoint != NULL ||
           fail(asking, "this is a file or a page of the server's own: it runs no SQL");
}

static bool find_public(struct asking *asking, struct app *app)
{
    struct routes *routes;
    struct err err = {0};
    if (routes_new(&app, 1, &routes, &err) != ERR_NONE)
        return fail(asking, err.text);
    bool found = find_route(asking, routes);
    routes_free(routes);
    return found;
}

static bool read_params(const struct asking *asking, struct asked *ret_asked)
{
    AUTO(report_fini) struct report report = {0};
    struct query_format format;
    struct err err = {0};
    struct asked asked = {.endpoint = asking->endpoint};
    asked.params = arena_zalloc(asking->arena, asking->endpoint->param_count + 1, sizeof(*asked.params));
    if (asked.params == NULL)
        return fail(asking, "out of memory");
    if (query_read(asking->endpoint, asking->parts, asking->query, asking->arena, asked.params, &format,
            &report, &err) != ERR_NONE) {
        print_report(asking->text, &report);
        return fail(asking, err.text);
    }
    asked.format = format.is_given                         ? format.format
                   : asking->endpoint->shape == SHAPE_TEXT ? FORMAT_TEXT
                                                           : FORMAT_JSON;
    *ret_asked = asked;
    return true;
}

bool ask(struct app *app, const char *text, struct arena *arena, struct asked *ret_asked)
{
    struct asking asking = {.text = text, .arena = arena};
    if (!split(&asking))
        return false;
    return (find_private(&asking, app) || find_public(&asking, app)) && read_params(&asking, ret_asked);
}
