// SPDX-License-Identifier: Apache-2.0
// `reckoner routes`: prints what app/app.h has of each endpoint, of an app that has passed all checks. On the
// main thread.
#include <stdint.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/options.h"
#include "cmd/workspace.h"

static const struct usage USAGE = {
    .command = COMMAND_ROUTES,
    .forms = "routes [OPTION]... APP...",
    .about = "Lists the endpoints of each app: method, path, parameters, file. A parameter that may be\n"
             "left out stands in brackets; the fields of a row stand in braces. A private endpoint has no\n"
             "route: the first load and 'reckoner load' use it.\n",
    .min_words = 1,
    .max_words = SIZE_MAX,
    .wanted = WANTED_APPS,
};

// Those of the path stand in the path. Returns how many were printed.
static size_t print_rules(const struct rule *rules, size_t count)
{
    size_t printed = 0;
    for (size_t i = 0; i < count; i++) {
        const struct rule *rule = &rules[i];
        if (!rule->in_path && rule->source == PARAM_REQUEST)
            printf("%s%s%.*s%s", printed++ > 0 ? " " : "", rule->required ? "" : "[", (int)rule->outside.len,
                rule->outside.at, rule->required ? "" : "]");
    }
    return printed;
}

static void print_endpoint(const struct endpoint *endpoint)
{
    printf("%-6s %-20.*s ", http_method_name(endpoint->method), (int)endpoint->path.len, endpoint->path.at);
    size_t printed = print_rules(endpoint->params, endpoint->param_count);
    if (endpoint->field_count > 0) {
        fputs(printed > 0 ? " {" : "{", stdout);
        printed += print_rules(endpoint->fields, endpoint->field_count);
        fputs("}", stdout);
    }
    const struct endpoint_access *access = &endpoint->access;
    const char *asks = access->kind == ACCESS_OPEN ? "" : access->kind == ACCESS_KEY ? "(key)  " : "(scope ";
    printf("%s%s%.*s%s%s%s\n", printed > 0 ? "  " : " ", asks, SHOW(access->scope),
        access->scope.len > 0 ? ")  " : "", endpoint->is_private ? "(private)  " : "", endpoint->file);
}

int cmd_routes(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    int result;
    if (!options_read(argc, argv, &USAGE, &options, &result))
        return result;
    for (size_t i = 0; i < options.word_count; i++) {
        struct workspace workspace;
        if (!workspace_open_scratch(options.words[i], options.store, &workspace))
            return EXIT_FAILED;
        for (size_t k = 0; k < workspace.app->endpoint_count; k++)
            print_endpoint(&workspace.app->endpoints[k]);
        workspace_fini(&workspace);
    }
    return EXIT_OK;
}
