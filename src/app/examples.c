// SPDX-License-Identifier: Apache-2.0
// Checks that the examples of an endpoint are requests to it: their path, and that their body is JSON where
// the endpoint takes one. What the endpoint answers is for `reckoner test` to see. The parser's thread.
#include "app/examples.h"

#include "app/path.h"
#include "text/json_rows.h"

static void fail(struct parser *parser, const struct example *example, const char *text)
{
    diags_add(parser->diags, parser->file, example->line, example->column, "%s", text);
}

// Whether the target is of the endpoint's path; if not, that is reported.
static bool check_target(struct parser *parser, const struct example *example)
{
    const struct endpoint *endpoint = &parser->endpoint;
    struct span query = example->target;
    struct span path = span_split(&query, '?');
    bool matches = true;
    if (path.len > 0 && path_matches(endpoint, path, parser->arena, &matches) != ERR_NONE) {
        parser->status = ERR_NO_MEMORY;
        return false;
    }
    if (!matches)
        diags_add(parser->diags, parser->file, example->line, example->column,
            "%.*s is not of the path %.*s, which the endpoint answers", SHOW(path), SHOW(endpoint->path));
    for (size_t i = 0; i < endpoint->part_count && path.len == 0; i++) {
        if (endpoint->parts[i].param < 0)
            continue;
        fail(parser, example, "the path has parameters; put a target in front of the JSON");
        return false;
    }
    return matches;
}

// The column in the file of a column of the body.
static uint32_t body_column(const struct example *example, uint32_t column)
{
    size_t target = example->target.len > 0 ? (size_t)(example->body.at - example->target.at) : 0;
    return example->column + (uint32_t)target + (column > 0 ? column - 1 : 0);
}

static bool pass_row(void *ctx, int64_t line, const struct json_member *members, size_t count)
{
    (void)ctx;
    (void)line;
    (void)members;
    (void)count;
    return true;
}

static bool pass_other(void *ctx, int64_t line)
{
    (void)ctx;
    (void)line;
    return true;
}

static void check_json(struct parser *parser, const struct example *example)
{
    struct json_rows_handler handler = {.on_row = pass_row, .on_not_object = pass_other};
    struct json_rows *json = NULL;
    struct err err = {0};
    enum err_code code = json_rows_new(&handler, false, &json, &err);
    if (code == ERR_NONE)
        code = json_rows_feed(json, example->body, &err);
    if (code == ERR_NONE)
        code = json_rows_finish(json, &err);
    json_rows_free(json);
    if (code == ERR_NO_MEMORY)
        parser->status = ERR_NO_MEMORY;
    else if (code != ERR_NONE)
        diags_add(
            parser->diags, parser->file, example->line, body_column(example, err.column), "%s", err.text);
}

static void check_example(struct parser *parser, const struct example *example)
{
    const struct endpoint *endpoint = &parser->endpoint;
    bool takes_body = endpoint->field_count > 0 || endpoint->is_question, has_body = example->body.len > 0;
    if (!check_target(parser, example))
        return;
    if (endpoint->method == HTTP_GET && has_body)
        fail(parser, example, "a GET has no body; take the JSON away");
    else if (has_body && !takes_body)
        fail(parser, example, "the endpoint has no @field, so no body; take the JSON away");
    else if (endpoint->field_count > 0 && !has_body)
        fail(parser, example, "the endpoint has fields; put the JSON of a row behind the target");
    else if (has_body)
        check_json(parser, example);
}

void examples_check(struct parser *parser)
{
    const struct endpoint *endpoint = &parser->endpoint;
    for (size_t i = 0; i < endpoint->example_count; i++) {
        if (endpoint->is_private)
            fail(parser, &endpoint->examples[i],
                "a private endpoint has no requests, so no @example; take one of them away");
        else
            check_example(parser, &endpoint->examples[i]);
    }
}
