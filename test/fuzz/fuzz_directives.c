// SPDX-License-Identifier: Apache-2.0
// Any bytes as an endpoint file: no crash, no leak, and either an endpoint whose parts lie in the file, or
// errors whose places do.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "app/directives.h"
#include "base/limits.h"
#include "text/pattern.h"

enum { ARENA_BYTES = 64 * 1024 * 1024 };

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_inside(struct span part, struct span whole)
{
    check(part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len));
}

// Whether a line and a column are those of a byte of the text, or of the end of a line.
static bool is_place(struct span text, uint32_t line, uint32_t column)
{
    if (line == 0)
        return column == 0;
    struct span rest = text, current = {0};
    for (uint32_t i = 0; i < line; i++) {
        if (i > 0 && rest.len == 0 && (text.len == 0 || text.at[text.len - 1] != '\n'))
            return false;
        current = span_split(&rest, '\n');
    }
    return column <= current.len + 1;
}

// A rule's texts lie in the file, and a default passes the rule that it is of.
static void check_rule(const struct rule *rule, const struct store_name *name, struct span text)
{
    struct arena arena;
    struct value value;
    check_inside(rule->name, text);
    check_inside(rule->outside, text);
    check_inside(rule->description, text);
    check(is_place(text, rule->line, rule->column));
    check(span_equal(rule->name, name->name) && rule->type == name->type && rule->is_list == name->is_list);
    arena_init(&arena, ARENA_BYTES);
    (void)!rule_check_text(
        rule, span_of("a, 1/2/16,"), &arena, &(struct pattern_budget){.steps = LIMIT_QUERY_STEPS}, &value);
    if (rule->has_default && rule->default_value.kind == VALUE_TEXT)
        check(rule_check_given(rule, rule->default_value.text, &arena,
                  &(struct pattern_budget){.steps = LIMIT_QUERY_STEPS}, &value) == RULE_OK);
    arena_fini(&arena);
}

static void check_parts(const struct endpoint *endpoint)
{
    size_t params = 0;
    for (size_t i = 0; i < endpoint->part_count; i++) {
        const struct path_part *part = &endpoint->parts[i];
        check_inside(part->text, endpoint->path);
        check(part->text.len > 0 && part->param < (int)endpoint->param_count);
        if (part->param < 0)
            continue;
        const struct rule *param = &endpoint->params[part->param];
        check(span_equal(param->name, part->text) && param->in_path);
        check(!param->required && !param->has_default && !param->is_list);
        params++;
    }
    for (size_t i = 0; i < endpoint->param_count; i++)
        params -= endpoint->params[i].in_path;
    check(params == 0);
}

// All answers but the last have a condition. Returns how many statements were made for unique fields.
static size_t check_statements(const struct endpoint *endpoint, struct span text)
{
    size_t made = 0, open_answers = 0;
    check(endpoint->statement_count <= LIMIT_STATEMENTS);
    for (size_t i = 0; i < endpoint->statement_count; i++) {
        const struct statement *statement = &endpoint->statements[i];
        bool is_last = i + 1 == endpoint->statement_count;
        check(statement->sql.len > 0);
        check(is_place(text, statement->line, statement->column));
        if (statement->sql.at < text.at || statement->sql.at >= text.at + text.len)
            made++;
        else
            check_inside(statement->sql, text);
        check(!is_last || statement->kind == STATEMENT_ANSWER);
        open_answers += statement->kind == STATEMENT_ANSWER && statement->when.len == 0;
        check_inside(statement->when, text);
        if (statement->when.len > 0)
            check(!is_last && is_place(text, statement->when_line, statement->when_column));
    }
    check(open_answers == 1);
    return made;
}

static void check_endpoint(const struct endpoint *endpoint, struct span text)
{
    check(endpoint->path.len > 0 && endpoint->path.at[0] == '/');
    check_inside(endpoint->path, text);
    check_inside(endpoint->under, text);
    check(is_place(text, endpoint->line, endpoint->column));
    check_parts(endpoint);
    bool has_pages = endpoint->page_rows > 0;
    check(has_pages == (endpoint->limit_param >= 0) && has_pages == (endpoint->cursor_param >= 0));
    size_t declared = endpoint->param_count - (has_pages ? 2 : 0), unique = 0;
    check(endpoint->param_count <= LIMIT_PARAMS);
    check(!has_pages || (endpoint->limit_param == (int)declared && endpoint->method == HTTP_GET));
    for (size_t i = 0; i < declared; i++)
        check_rule(&endpoint->params[i], &endpoint->param_names[i], text);
    for (size_t i = 0; i < endpoint->field_count; i++) {
        check_rule(&endpoint->fields[i], &endpoint->field_names[i], text);
        unique += endpoint->fields[i].unique;
    }
    for (size_t i = 0; i < endpoint->example_count; i++) {
        check_inside(endpoint->examples[i].target, text);
        check_inside(endpoint->examples[i].body, text);
        check(is_place(text, endpoint->examples[i].line, endpoint->examples[i].column));
    }
    check(check_statements(endpoint, text) == unique);
}

static void check_text(struct span text, enum sql_dialect dialect)
{
    struct arena arena;
    struct diags diags;
    struct endpoint endpoint;
    struct err err = {0};
    arena_init(&arena, ARENA_BYTES);
    diags_init(&diags);
    enum err_code code = directives_parse("input", text, dialect, &arena, &diags, &endpoint, &err);
    check(code == ERR_NONE || code == ERR_CONFIG);
    check((code == ERR_CONFIG) == (diags_total(&diags) > 0));
    for (size_t i = 0; i < diags.count; i++)
        check(is_place(text, diags.items[i].line, diags.items[i].column));
    if (code == ERR_NONE)
        check_endpoint(&endpoint, text);
    diags_fini(&diags);
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {.at = (const char *)data, .len = size};
    check_text(text, SQL_SQLITE);
    check_text(text, SQL_POSTGRESQL);
    return 0;
}
