// SPDX-License-Identifier: Apache-2.0
// What an endpoint that was read says of itself. Reading it is directives.c's, running it plan.h's. Any
// thread.
#include "app/endpoint.h"

#include <stdio.h>

const char *statement_kind_word(enum statement_kind kind)
{
    static const char *const words[] = {[STATEMENT_REJECT] = "reject",
        [STATEMENT_WARN] = "warn",
        [STATEMENT_WRITE] = "write",
        [STATEMENT_ANSWER] = "answer"};
    return words[kind];
}

int endpoint_order(enum http_method method, struct span path, const struct endpoint *endpoint)
{
    int order = span_compare(path, endpoint->path);
    return order != 0 ? order : (method > endpoint->method) - (method < endpoint->method);
}

void endpoint_name(const struct endpoint *endpoint, char ret_name[ENDPOINT_NAME_CHARS])
{
    snprintf(ret_name, ENDPOINT_NAME_CHARS, "%s %.*s", http_method_name(endpoint->method),
        (int)endpoint->path.len, endpoint->path.at);
}

const char *endpoint_load_problem(const struct endpoint *endpoint)
{
    if (endpoint_is_read(endpoint))
        return "does not write; a load needs an endpoint that does";
    if (endpoint->field_count == 0)
        return "has no fields to load";
    for (size_t i = 0; i < endpoint->param_count; i++) {
        if (endpoint->params[i].in_path)
            return "has a parameter in its path, which a load cannot give";
        if (endpoint->params[i].required)
            return "has a required parameter, which a load cannot give";
    }
    return NULL;
}

const char *answer_media_type(enum answer_format format)
{
    static const char *const types[] = {
        [FORMAT_JSON] = "application/json",
        [FORMAT_NDJSON] = "application/x-ndjson",
        [FORMAT_CSV] = "text/csv; charset=utf-8; header=present",
        [FORMAT_TEXT] = "text/plain; charset=utf-8",
    };
    return types[format];
}
