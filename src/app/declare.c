// SPDX-License-Identifier: Apache-2.0
// Reads the directives that say what an endpoint answers and what it takes: @endpoint, @strict, @private,
// @one, @lenient, @parallel, @param, @field and @column. How its answer looks is declare_answer.c's, what a
// rule says rule_read.c's, and whether all of it goes together endpoint_check.c's. The parser's thread.
#include "app/declare.h"

#include "app/path.h"
#include "app/rule_hint.h"
#include "app/rule_line.h"
#include "app/rule_read.h"

// --- @endpoint METHOD /path

// Whether a word that is no method is one in small letters, or the path; if so, that is reported.
static bool fail_missing_method(struct words *words, struct word word)
{
    for (int i = 0; i < HTTP_METHODS; i++) {
        const char *name = http_method_name((enum http_method)i);
        if (i == HTTP_HEAD || i == HTTP_OPTIONS || !span_is_nocase(word.text, name))
            continue;
        words_fail(words, word.column, "unknown method %.*s; did you mean %s?", SHOW(word.text), name);
        return true;
    }
    if (word.text.at[0] != '/')
        return false;
    words_fail(words, word.column, "@endpoint needs a method in front of the path, such as GET %.*s",
        SHOW(word.text));
    return true;
}

static bool read_method(struct words *words, enum http_method *ret_method)
{
    struct word name = words_next(words);
    if (name.text.len == 0) {
        words_fail(words, name.column, "@endpoint needs a method and a path, such as GET /rates");
        return false;
    }
    if (http_method_from_name(name.text, ret_method) && *ret_method != HTTP_HEAD &&
        *ret_method != HTTP_OPTIONS)
        return true;
    if (fail_missing_method(words, name))
        return false;
    words_fail(words, name.column,
        "unknown method %.*s; use GET or QUERY to read, or POST, PUT, PATCH or DELETE to write",
        SHOW(name.text));
    return false;
}

static bool read_path(struct parser *parser, struct words *words)
{
    struct endpoint *endpoint = &parser->endpoint;
    struct word path = words_next(words);
    if (path.text.len == 0) {
        words_fail(words, path.column, "@endpoint needs a path behind the method, such as GET /rates");
        return false;
    }
    const char *problem = path_problem(path.text);
    if (problem != NULL) {
        words_fail(words, path.column, "path %.*s %s", SHOW(path.text), problem);
        return false;
    }
    if (path_split(path.text, parser->arena, &endpoint->parts, &endpoint->part_count) != ERR_NONE) {
        parser->status = ERR_NO_MEMORY;
        return false;
    }
    endpoint->path = path.text;
    parser->path_column = path.column;
    return true;
}

void declare_endpoint(struct parser *parser, struct words *words, const struct directive *directive)
{
    struct endpoint *endpoint = &parser->endpoint;
    if (parser->has_endpoint) {
        words_fail(words, directive->column,
            "a second @endpoint; a file has one, and its first is on line %u", (unsigned)endpoint->line);
        return;
    }
    parser->has_endpoint = true;
    endpoint->line = directive->line;
    endpoint->column = directive->column;
    if (parser->early.name != NULL)
        diags_add(parser->diags, parser->file, parser->early.line, parser->early.column,
            "%s stands above @endpoint, which comes first", parser->early.name);
    parser->has_method = read_method(words, &endpoint->method);
    if (parser->has_method && read_path(parser, words))
        words_end(words, "the path");
}

void declare_strict(struct parser *parser, struct words *words, const struct directive *directive)
{
    (void)parser_is_first(words, directive, &parser->strict_line);
    parser->endpoint.strict = true;
    words_end(words, "@strict");
}

void declare_private(struct parser *parser, struct words *words, const struct directive *directive)
{
    (void)parser_is_first(words, directive, &parser->private_line);
    if (parser_reads(parser))
        words_fail(words, directive->column,
            "a %s cannot be private: it would have no use; take one of them away", parser_method(parser));
    parser->endpoint.is_private = true;
    words_end(words, "@private");
}

void declare_one(struct parser *parser, struct words *words, const struct directive *directive)
{
    (void)parser_is_first(words, directive, &parser->one.line);
    parser->one = *directive;
    parser->endpoint.is_one = true;
    words_end(words, "@one");
}

void declare_lenient(struct parser *parser, struct words *words, const struct directive *directive)
{
    (void)parser_is_first(words, directive, &parser->lenient.line);
    parser->lenient = *directive;
    parser->endpoint.is_lenient = true;
    words_end(words, "@lenient");
}

void declare_parallel(struct parser *parser, struct words *words, const struct directive *directive)
{
    (void)parser_is_first(words, directive, &parser->parallel_line);
    if (parser_reads(parser))
        words_fail(words, directive->column, "a %s waits for no batch as it is; take @parallel away",
            parser_method(parser));
    parser->endpoint.is_parallel = true;
    words_end(words, "@parallel");
}

// --- @param and @field

// Reads a @param, or a @field, into the endpoint's array of them.
static void add_rule(struct parser *parser, struct words *words, const struct directive *directive,
    struct word name, bool is_field)
{
    struct endpoint *endpoint = &parser->endpoint;
    struct rule **rules = is_field ? &endpoint->fields : &endpoint->params;
    size_t *count = is_field ? &endpoint->field_count : &endpoint->param_count;
    size_t max = is_field ? LIMIT_FIELDS : LIMIT_PARAMS;
    const struct rule *same = rule_find(*rules, *count, name.text);
    if (same != NULL) {
        words_fail(words, name.column, "a second %s %.*s; the first is on line %u", directive->name,
            SHOW(name.text), (unsigned)same->line);
        return;
    }
    if (*count == max) {
        words_fail(
            words, directive->column, "more than %zu %s; no endpoint may have more", max, directive->name);
        return;
    }
    struct rule *grown = parser_grow(parser, *rules, *count, sizeof(**rules));
    if (grown == NULL)
        return;
    *rules = grown;
    enum err_code code = rule_read(words, directive->name, is_field, name, parser->arena, &grown[*count]);
    if (code == ERR_NONE)
        (*count)++;
    else
        parser->status = code;
}

void declare_param(struct parser *parser, struct words *words, const struct directive *directive)
{
    struct word name;
    if (rule_read_name(words, directive->name, &name))
        add_rule(parser, words, directive, name, false);
}

void declare_field(struct parser *parser, struct words *words, const struct directive *directive)
{
    struct word name;
    if (parser_reads(parser)) {
        words_fail(
            words, directive->column, "a %s has no rows, so no @field; use @param", parser_method(parser));
        return;
    }
    if (!rule_read_name(words, directive->name, &name))
        return;
    if (span_is(name.text, "line")) {
        words_fail(words, name.column, "the name line is taken: batch has each row's line under it");
        return;
    }
    add_rule(parser, words, directive, name, true);
}

// --- @column name type

// The one rule that a column may have, of a timestamp.
static bool take_micros(struct words *words)
{
    struct word next = words_peek(words);
    if (!span_is(next.text, rule_word_name(WORD_MICROS)))
        return false;
    words_skip(words, next);
    return true;
}

// A description may follow, but no rules, which would say nothing.
static void read_column_end(struct words *words, enum value_type type)
{
    struct rule_hint hint;
    struct word next = words_peek(words);
    if (words_take_dashes(words) || !(rule_word_is(next.text) || rule_hint_find(words, type, false, &hint)))
        return;
    words_fail(words, next.column,
        "a column of the answer has no rules; take \"%.*s\" away, or put -- in front", SHOW(next.text));
}

// Takes the word list behind a type that may be one's items.
static bool take_list(struct words *words, enum value_type type)
{
    struct word word = words_peek(words);
    bool is_list = span_is(word.text, "list") && type != TYPE_BOOLEAN && type != TYPE_JSON;
    if (is_list)
        words_skip(words, word);
    return is_list;
}

void declare_column(struct parser *parser, struct words *words, const struct directive *directive)
{
    struct endpoint *endpoint = &parser->endpoint;
    struct column column = {.line = words->line};
    struct word name;
    if (!words_value(words, "", &name))
        return;
    if (name.text.len == 0) {
        words_fail(words, name.column, "@column needs a name and a type, such as @column price integer");
        return;
    }
    column.name = name.text;
    column.column = name.column;
    if (!rule_read_type(words, directive->name, name.text, &column.type))
        return;
    column.type.is_list = take_list(words, column.type.type);
    column.micros = column.type.type == TYPE_TIMESTAMP && take_micros(words);
    read_column_end(words, column.type.type);
    for (size_t i = 0; i < endpoint->column_count; i++) {
        if (span_equal(endpoint->columns[i].name, column.name)) {
            words_fail(words, name.column, "a second @column %.*s; the first is on line %u", SHOW(name.text),
                (unsigned)endpoint->columns[i].line);
            return;
        }
    }
    if (endpoint->column_count == LIMIT_FIELDS) {
        words_fail(words, directive->column, "more than %d @column; no endpoint may have more", LIMIT_FIELDS);
        return;
    }
    struct column *grown =
        parser_grow(parser, endpoint->columns, endpoint->column_count, sizeof(*endpoint->columns));
    if (grown == NULL)
        return;
    endpoint->columns = grown;
    endpoint->columns[endpoint->column_count++] = column;
}
