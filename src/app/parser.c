// SPDX-License-Identifier: Apache-2.0
// What all that read an endpoint's file need of the parser: room for lists that grow, errors with their
// place, and the note of which parameters the SQL uses. The lines themselves are read by directives.c,
// statements.c and the files declare*.c. One thread, that of the parser.
#include "app/parser.h"

#include <string.h>

void *parser_grow(struct parser *parser, void *items, size_t count, size_t size)
{
    bool is_full = count < 4 ? count == 0 : (count & (count - 1)) == 0;
    if (!is_full)
        return items;
    void *larger = arena_zalloc(parser->arena, count == 0 ? 4 : count * 2, size);
    if (larger == NULL)
        parser->status = ERR_NO_MEMORY;
    else if (count > 0)
        memcpy(larger, items, count * size);
    return larger;
}

// --- errors

bool parser_is_first(struct words *words, const struct directive *directive, uint32_t *first_line)
{
    bool is_first = *first_line == 0;
    if (is_first)
        *first_line = directive->line;
    else
        words_fail(words, directive->column, "a second %s; the first is on line %u", directive->name,
            (unsigned)*first_line);
    return is_first;
}

void parser_fail(struct parser *parser, const struct directive *directive, const char *text)
{
    diags_add(parser->diags, parser->file, directive->line, directive->column, "%s", text);
}

void parser_fail_unterminated(struct parser *parser, struct span token, uint32_t line, uint32_t column)
{
    const char *what = "string";
    if (token.at[0] == '/')
        what = "comment";
    else if (strchr("\"`[", token.at[0]) != NULL)
        what = "quoted name";
    diags_add(parser->diags, parser->file, line, column, "the %s that starts here has no end", what);
}

// --- uses of parameters

bool parser_mark_used(struct parser *parser, struct span name)
{
    for (size_t i = 0; i < parser->endpoint.param_count; i++) {
        if (span_equal(parser->endpoint.params[i].name, name)) {
            parser->used[i] = true;
            return true;
        }
    }
    return false;
}

void parser_use(struct parser *parser, struct span name, uint32_t line, uint32_t column)
{
    if (parser_mark_used(parser, name) || parser->use_count == ARRAY_LEN(parser->uses))
        return;
    for (size_t i = 0; i < parser->use_count; i++) {
        if (span_equal(parser->uses[i].name, name))
            return;
    }
    parser->uses[parser->use_count++] =
        (struct use){.name = name, .line = line, .column = column, .kind = parser->next.kind};
}

const struct use *parser_find_use(const struct parser *parser, const char *name)
{
    for (size_t i = 0; i < parser->use_count; i++) {
        if (span_is(parser->uses[i].name, name))
            return &parser->uses[i];
    }
    return NULL;
}

// --- parameters that the file does not declare

int parser_add_param(struct parser *parser, struct rule rule)
{
    struct endpoint *endpoint = &parser->endpoint;
    if (endpoint->param_count == LIMIT_PARAMS) {
        diags_add(parser->diags, parser->file, endpoint->line, endpoint->column,
            "no room for the parameter :%.*s beside %d others; take one away", SHOW(rule.name), LIMIT_PARAMS);
        return -1;
    }
    struct rule *grown =
        parser_grow(parser, endpoint->params, endpoint->param_count, sizeof(*endpoint->params));
    if (grown == NULL)
        return -1;
    endpoint->params = grown;
    endpoint->params[endpoint->param_count] = rule;
    return (int)endpoint->param_count++;
}

bool parser_fail_taken(struct parser *parser, const char *name, const char *why)
{
    const struct endpoint *endpoint = &parser->endpoint;
    const struct rule *param = rule_find(endpoint->params, endpoint->param_count, span_of(name));
    if (param != NULL)
        diags_add(parser->diags, parser->file, param->line, param->column,
            "the name :%s is taken%s; give this one another name, with name \"%s\" if clients are to call it so",
            name, why, name);
    return param != NULL;
}
