// SPDX-License-Identifier: Apache-2.0
// Checks an endpoint when its file has been read to the end: whether its parts go together. Then adds what
// some directives stand for: the parameters of @page, and a @reject for each unique field. Examples are
// examples.c's. The parser's thread.
#include "app/endpoint_check.h"

#include <stdio.h>

#include "app/declare_access.h"
#include "app/declare_batch.h"
#include "app/depends_hide.h"
#include "app/examples.h"
#include "app/presence.h"
#include "app/statements.h"

static void fail_endpoint(struct parser *parser, const char *text)
{
    diags_add(parser->diags, parser->file, parser->endpoint.line, parser->endpoint.column, "%s", text);
}

// What is not said: a DELETE without an @answer has none to give.
static void add_answer(struct parser *parser)
{
    struct endpoint *endpoint = &parser->endpoint;
    if (parser->answer.name != NULL || !parser->has_method)
        return;
    if (endpoint->method == HTTP_DELETE)
        head_finish(parser,
            (struct statement){
                .kind = STATEMENT_ANSWER, .status = 204, .line = endpoint->line, .column = endpoint->column});
    else if (endpoint_is_read(endpoint))
        fail_endpoint(parser, "no @answer; the endpoint needs a statement whose rows are its answer");
    else
        fail_endpoint(parser,
            "no @answer; the endpoint needs a statement whose rows are its answer, or @answer 204 for none");
}

static void check_statements(struct parser *parser)
{
    const struct endpoint *endpoint = &parser->endpoint;
    if (parser->answer.name != NULL && parser->always_line == 0)
        parser_fail(parser, &parser->answer,
            "the last @answer has a condition; take its when away, so that there always is an answer");
    if (!parser->has_method || endpoint_is_read(endpoint))
        return;
    if (!parser->has_write)
        diags_add(parser->diags, parser->file, endpoint->line, endpoint->column,
            "no @write; a %s needs a statement that writes, or use GET", http_method_name(endpoint->method));
    if (endpoint->method == HTTP_POST && endpoint->field_count == 0)
        fail_endpoint(parser, "no @field; a POST needs the fields of its rows");
}

// A POST that has neither rows nor a @write asks a question.
static void settle_question(struct parser *parser)
{
    struct endpoint *endpoint = &parser->endpoint;
    if (!parser->has_method)
        return;
    endpoint->is_question =
        endpoint->method == HTTP_QUERY ||
        (endpoint->method == HTTP_POST && !parser->has_write && endpoint->field_count == 0);
    if (endpoint->method != HTTP_POST)
        return;
    bool is_of_reads = parser->cache_line > 0 || parser->stale.name != NULL || endpoint->depends_count > 0;
    if (!endpoint->is_question && is_of_reads)
        fail_endpoint(parser,
            "@cache, @stale and @depends are for reads: no answer of a write is kept; take them away");
    if (endpoint->is_question && endpoint->is_private)
        fail_endpoint(
            parser, "a POST without a @write reads, and a read cannot be private; take @private away");
    if (endpoint->is_question && endpoint->is_parallel)
        fail_endpoint(parser, "a POST without a @write waits for no batch as it is; take @parallel away");
    if (endpoint->is_question && endpoint->warns)
        fail_endpoint(parser, "a POST without a @write has no warnings beside its answer; use @reject");
}

// Warnings stand beside the answer's rows.
static void check_warnings(struct parser *parser)
{
    const struct endpoint *endpoint = &parser->endpoint;
    for (size_t i = 0; endpoint->warns && i < endpoint->statement_count; i++) {
        const struct statement *statement = &endpoint->statements[i];
        if (statement->kind == STATEMENT_ANSWER && statement->sql.len == 0)
            diags_add(parser->diags, parser->file, statement->line, statement->column,
                "an answer of status 204 has no place for the rows of @warn; write an @answer with rows");
    }
}

// --- parameters of the path

// Why a parameter cannot be one of the path, or NULL.
static const char *path_param_problem(const struct rule *param)
{
    if (param->required)
        return "is in the path, so it is always there; take required away";
    if (param->has_default)
        return "is in the path, so it is always there; take the default away";
    if (param->source != PARAM_REQUEST)
        return "is in the path, which the client writes, so it cannot say who asks; use @param";
    if (param->is_list)
        return "is in the path, where it has one value; take list away";
    return NULL;
}

static void settle_path_param(struct parser *parser, struct path_part *part)
{
    struct endpoint *endpoint = &parser->endpoint;
    const struct rule *found = rule_find(endpoint->params, endpoint->param_count, part->text);
    if (found == NULL) {
        uint32_t column = parser->path_column + (uint32_t)(part->text.at - endpoint->path.at) - 1;
        diags_add(parser->diags, parser->file, endpoint->line, column,
            "the path's {%.*s} is not declared; add a line such as -- @param %.*s text", SHOW(part->text),
            SHOW(part->text));
        return;
    }
    part->param = (int)(found - endpoint->params);
    struct rule *param = &endpoint->params[part->param];
    param->in_path = true;
    const char *problem = path_param_problem(param);
    if (problem != NULL)
        diags_add(parser->diags, parser->file, param->line, param->column, "parameter %.*s %s",
            SHOW(param->name), problem);
}

static void settle_path(struct parser *parser)
{
    struct endpoint *endpoint = &parser->endpoint;
    bool has_params = false;
    for (size_t i = 0; i < endpoint->part_count; i++) {
        if (endpoint->parts[i].param < 0)
            continue;
        has_params = true;
        settle_path_param(parser, &endpoint->parts[i]);
    }
    if (has_params && endpoint->is_private)
        diags_add(parser->diags, parser->file, endpoint->line, parser->path_column,
            "a private endpoint has no requests, so no parameters in its path; take them or @private away");
}

// --- pages

// Why the endpoint cannot have pages, or NULL.
static const char *page_problem(const struct parser *parser)
{
    const struct endpoint *endpoint = &parser->endpoint;
    if (parser->has_method && !endpoint_is_read(endpoint))
        return "@page is for reads; a write has one answer";
    if (endpoint->shape != SHAPE_ROWS)
        return "@page is for @shape rows; take one of them away";
    if (endpoint->param_count + 2 > LIMIT_PARAMS)
        return "no room for the parameters limit and cursor, which @page adds; take two others away";
    return NULL;
}

// Adds a parameter of @page, for which there is room; returns its number, or -1 without memory.
static int add_param(struct parser *parser, struct rule rule)
{
    rule.outside = rule.name;
    rule.line = parser->page.line;
    rule.column = parser->page.column;
    int added = parser_add_param(parser, rule);
    if (added >= 0)
        parser->used[added] = true;
    return added;
}

static bool is_called(const struct rule *rule, const char *name)
{
    return span_is(rule->name, name) || span_is(rule->outside, name);
}

static void settle_page(struct parser *parser)
{
    struct endpoint *endpoint = &parser->endpoint;
    if (parser->page.name == NULL)
        return;
    const char *problem = page_problem(parser);
    if (problem != NULL) {
        parser_fail(parser, &parser->page, problem);
        return;
    }
    bool is_free = true;
    for (size_t i = 0; i < endpoint->param_count; i++) {
        const struct rule *param = &endpoint->params[i];
        if (!is_called(param, "limit") && !is_called(param, "cursor"))
            continue;
        diags_add(parser->diags, parser->file, param->line, param->column,
            "@page adds the parameters limit and cursor; take this one away, or give it another name");
        is_free = false;
    }
    if (!is_free)
        return;
    endpoint->limit_param =
        add_param(parser, (struct rule){.name = span_of("limit"),
                              .type = TYPE_INTEGER,
                              .has_default = true,
                              .default_value = {.kind = VALUE_INTEGER, .integer = endpoint->page_rows},
                              .has_min = true,
                              .min = {.kind = VALUE_INTEGER, .integer = 1},
                              .has_max = true,
                              .max = {.kind = VALUE_INTEGER, .integer = parser->page_max},
                              .description = span_of("rows of the page")});
    endpoint->cursor_param =
        add_param(parser, (struct rule){.name = span_of("cursor"),
                              .type = TYPE_TEXT,
                              .description = span_of("where the page starts, as the link to it has it")});
}

// --- @one

static void check_one(struct parser *parser)
{
    const struct endpoint *endpoint = &parser->endpoint;
    if (parser->one.name == NULL || !parser->has_method)
        return;
    if (endpoint->method == HTTP_GET || endpoint->method == HTTP_QUERY)
        parser_fail(parser, &parser->one, "a read has no rows; take @one away");
    else if (endpoint->field_count == 0)
        parser_fail(parser, &parser->one, "@one is for a body, and there is no @field; take it away");
}

// --- @lenient

// What makes it pointless, or NULL.
static const char *lenient_problem(const struct endpoint *endpoint)
{
    if (endpoint->method == HTTP_GET || endpoint->method == HTTP_QUERY)
        return "a read has no rows; take @lenient away";
    if (endpoint->field_count == 0)
        return "@lenient is for rows, and there is no @field; take it away";
    if (endpoint->is_one)
        return "@lenient leaves bad rows out, and with @one there would be none left; take one of them away";
    if (endpoint->shape == SHAPE_TEXT)
        return "@shape text has no place for the errors of @lenient; use @shape value";
    return NULL;
}

// Errors stand beside the answer's rows.
static void check_lenient(struct parser *parser)
{
    const struct endpoint *endpoint = &parser->endpoint;
    if (parser->lenient.name == NULL || !parser->has_method)
        return;
    const char *problem = lenient_problem(endpoint);
    if (problem != NULL) {
        parser_fail(parser, &parser->lenient, problem);
        return;
    }
    for (size_t i = 0; i < endpoint->statement_count; i++) {
        const struct statement *statement = &endpoint->statements[i];
        if (statement->kind == STATEMENT_ANSWER && statement->sql.len == 0)
            diags_add(parser->diags, parser->file, statement->line, statement->column,
                "an answer of status 204 has no place for the errors of @lenient; write an @answer with rows");
    }
}

// --- names

static bool is_in_path(const struct endpoint *endpoint, struct span name)
{
    for (size_t i = 0; i < endpoint->part_count; i++) {
        if (endpoint->parts[i].param >= 0 && span_equal(endpoint->parts[i].text, name))
            return true;
    }
    return false;
}

static void check_uses(struct parser *parser)
{
    const struct endpoint *endpoint = &parser->endpoint;
    for (size_t i = 0; i < parser->use_count; i++) {
        const struct use *use = &parser->uses[i];
        if (parser_mark_used(parser, use->name)) // it is declared further down, which was reported there
            continue;
        if (is_in_path(endpoint, use->name)) // its missing declaration was reported there
            continue;
        bool is_field = false;
        for (size_t k = 0; k < endpoint->field_count; k++)
            is_field = is_field || span_equal(endpoint->fields[k].name, use->name);
        if (span_is(use->name, BATCH_PARAM)) // of a read: a write would have it
            diags_add(parser->diags, parser->file, use->line, use->column,
                ":%s is the id of a batch that is written, and this endpoint reads; what it is asked for needs "
                "a @param",
                BATCH_PARAM);
        else if (is_field)
            diags_add(parser->diags, parser->file, use->line, use->column,
                "%.*s is a field: a column of the table batch, written without the colon", SHOW(use->name));
        else
            diags_add(parser->diags, parser->file, use->line, use->column,
                "parameter :%.*s is not declared; add a @param", SHOW(use->name));
    }
    for (size_t i = 0; i < endpoint->param_count; i++) {
        const struct rule *param = &endpoint->params[i];
        if (!parser->used[i])
            diags_add(parser->diags, parser->file, param->line, param->column,
                "no statement uses parameter :%.*s; %s", SHOW(param->name),
                param->in_path ? "use it, or take it out of the path" : "take the line away");
    }
}

static void check_outside_names(struct parser *parser, const struct rule *rules, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        size_t first = 0;
        while (!span_equal(rules[first].outside, rules[i].outside))
            first++;
        if (first < i)
            diags_add(parser->diags, parser->file, rules[i].line, rules[i].column,
                "clients call %.*s \"%.*s\", and %.*s on line %u, too; change one of the names",
                SHOW(rules[i].name), SHOW(rules[i].outside), SHOW(rules[first].name),
                (unsigned)rules[first].line);
    }
}

// --- the answer's form

static void check_text_shape(struct parser *parser)
{
    const struct endpoint *endpoint = &parser->endpoint;
    if (endpoint->shape != SHAPE_TEXT)
        return;
    if (parser->under_line > 0)
        parser_fail(
            parser, &parser->shape, "@shape text is no JSON, so nothing for @under; take one of them away");
    if (endpoint->warns)
        parser_fail(
            parser, &parser->shape, "@shape text has no place for the rows of @warn; use @shape value");
}

// --- answers that are kept

static void check_stale(struct parser *parser)
{
    if (parser->stale.name != NULL && parser->cache_line > 0)
        parser_fail(parser, &parser->stale,
            "@stale is for answers that are kept, and @cache off keeps none; take one of them away");
}

// --- fields that are unique

// The statement that finds rows whose value another row has before them. A window function, so that each
// value is looked at once, and in words that every store has. Names of fields need quotes: one may be order.
static struct span unique_sql(struct parser *parser, const struct rule *field)
{
    static const char format[] =
        "SELECT line, '%.*s' AS field, value FROM (SELECT line, \"%.*s\" AS value, "
        "row_number() OVER (PARTITION BY \"%.*s\" ORDER BY line) AS place FROM batch "
        "WHERE \"%.*s\" IS NOT NULL) AS counted WHERE place > 1 ORDER BY line";
    size_t room = sizeof(format) + 4 * field->name.len;
    char *sql = arena_alloc(parser->arena, room);
    if (sql == NULL) {
        parser->status = ERR_NO_MEMORY;
        return (struct span){0};
    }
    int len = (int)field->name.len;
    const char *name = field->name.at;
    snprintf(sql, room, format, len, name, len, name, len, name, len, name);
    return span_of(sql);
}

// Puts a @reject for each unique field in front of the file's own statements.
static void add_unique_rejects(struct parser *parser)
{
    struct endpoint *endpoint = &parser->endpoint;
    size_t count = 0;
    for (size_t i = 0; i < endpoint->field_count; i++)
        count += endpoint->fields[i].unique;
    if (count == 0)
        return;
    if (count + endpoint->statement_count > LIMIT_STATEMENTS) {
        diags_add(parser->diags, parser->file, endpoint->line, endpoint->column,
            "more than %d statements, with one for each unique field; no endpoint may have more",
            LIMIT_STATEMENTS);
        return;
    }
    struct statement *all =
        arena_zalloc(parser->arena, count + endpoint->statement_count, sizeof(*endpoint->statements));
    if (all == NULL) {
        parser->status = ERR_NO_MEMORY;
        return;
    }
    size_t at = 0;
    for (size_t i = 0; i < endpoint->field_count; i++) {
        const struct rule *field = &endpoint->fields[i];
        if (field->unique)
            all[at++] = (struct statement){.kind = STATEMENT_REJECT,
                .status = 422,
                .text = span_of("the value is in the batch already"),
                .code = span_of("unique"),
                .sql = unique_sql(parser, field),
                .dialect = parser->scan.dialect,
                .line = field->line,
                .column = field->column};
    }
    if (endpoint->statement_count > 0)
        memcpy(all + at, endpoint->statements, endpoint->statement_count * sizeof(*all));
    endpoint->statements = all;
    endpoint->statement_count += count;
}

void endpoint_check(struct parser *parser)
{
    struct endpoint *endpoint = &parser->endpoint;
    if (parser->has_endpoint) {
        settle_question(parser);
        add_answer(parser);
        check_statements(parser);
        check_warnings(parser);
    }
    declare_access_finish(parser);
    declare_batch_finish(parser);
    settle_path(parser);
    settle_page(parser);
    check_one(parser);
    check_lenient(parser);
    check_uses(parser);
    check_outside_names(parser, endpoint->params, endpoint->param_count);
    check_outside_names(parser, endpoint->fields, endpoint->field_count);
    check_text_shape(parser);
    check_stale(parser);
    depends_hide(parser);
    if (endpoint->path.len > 0)
        examples_check(parser);
    add_unique_rejects(parser);
    presence_find(parser);
}
