// SPDX-License-Identifier: Apache-2.0
// Reads the directives that say how an endpoint's answer looks: @shape, @under, @page and @example. Whether
// they go together is endpoint_check.c's to find out. The parser's thread.
#include "app/declare_answer.h"

#include "base/limits.h"
#include "text/nearest.h"
#include "text/number.h"

// --- @shape rows|object|values|value|text

// What others call the shapes.
static const char *shape_hint(struct span word)
{
    static const struct {
        const char *name, *shape;
    } foreign[] = {{"row", "object"}, {"one", "object"}, {"single", "object"}, {"dict", "object"},
        {"map", "object"}, {"record", "object"}, {"array", "rows"}, {"list", "rows"}, {"table", "rows"},
        {"objects", "rows"}, {"column", "values"}, {"scalar", "value"}, {"plain", "text"},
        {"string", "text"}};
    for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
        if (span_is_nocase(word, foreign[i].name))
            return foreign[i].shape;
    }
    return NULL;
}

void declare_shape(struct parser *parser, struct words *words, const struct directive *directive)
{
    static const char *const shapes[] = {[SHAPE_ROWS] = "rows",
        [SHAPE_OBJECT] = "object",
        [SHAPE_VALUES] = "values",
        [SHAPE_VALUE] = "value",
        [SHAPE_TEXT] = "text"};
    if (!parser_is_first(words, directive, &parser->shape.line))
        return;
    parser->shape = *directive;
    struct word word = words_next(words);
    size_t shape = 0;
    while (shape < ARRAY_LEN(shapes) && !span_is(word.text, shapes[shape]))
        shape++;
    if (shape < ARRAY_LEN(shapes)) {
        parser->endpoint.shape = (enum answer_shape)shape;
        words_end(words, "the shape");
        return;
    }
    const char *nearest = shape_hint(word.text);
    if (nearest == NULL)
        nearest = nearest_of(word.text, shapes, ARRAY_LEN(shapes));
    if (word.text.len == 0)
        words_fail(words, word.column, "@shape needs one of rows, object, values, value and text");
    else if (nearest != NULL)
        words_fail(words, word.column, "unknown shape %.*s; did you mean %s?", SHOW(word.text), nearest);
    else
        words_fail(words, word.column, "unknown shape %.*s; use rows, object, values, value or text",
            SHOW(word.text));
}

// --- @under KEY

void declare_under(struct parser *parser, struct words *words, const struct directive *directive)
{
    if (!parser_is_first(words, directive, &parser->under_line))
        return;
    struct word key;
    if (!words_value(words, "", &key))
        return;
    if (key.text.len == 0)
        words_fail(words, key.column, "@under needs the key that the answer stands under, such as products");
    parser->endpoint.under = key.text;
    words_end(words, "the key");
}

// --- @page ROWS max MAX

// Reads a number of rows; false when it is missing or wrong, which is reported.
static bool read_rows(struct words *words, uint32_t *ret_rows)
{
    struct word word = words_next(words);
    int64_t rows;
    if (word.text.len == 0) {
        words_fail(words, word.column,
            "@page needs its rows and the most a client may ask for, such as "
            "@page 100 max 1000");
        return false;
    }
    if (!number_parse_integer(word.text, &rows) || rows < 1 || rows > LIMIT_PAGE_ROWS) {
        words_fail(words, word.column, "the rows of a page must be an integer from 1 to %d, not \"%.*s\"",
            LIMIT_PAGE_ROWS, SHOW(word.text));
        return false;
    }
    *ret_rows = (uint32_t)rows;
    return true;
}

void declare_page(struct parser *parser, struct words *words, const struct directive *directive)
{
    if (!parser_is_first(words, directive, &parser->page.line))
        return;
    uint32_t rows, max;
    if (!read_rows(words, &rows))
        return;
    struct word word = words_next(words);
    if (!span_is(word.text, "max")) {
        words_fail(words, word.column,
            "behind its rows @page needs max and the most a client may ask for, such as @page 100 max 1000");
        return;
    }
    uint32_t max_column = words_peek(words).column;
    if (!read_rows(words, &max))
        return;
    if (max < rows) {
        words_fail(words, max_column, "max %u is below the %u rows of a page", (unsigned)max, (unsigned)rows);
        return;
    }
    words_end(words, "max");
    parser->page = *directive;
    parser->page_max = max;
    parser->endpoint.page_rows = rows;
}

// --- @example [TARGET] [JSON]

// Whether a target has only bytes that may be sent (RFC 9112 section 3.2); if not, that is reported.
static bool check_target(struct words *words, struct word target)
{
    for (size_t i = 0; i < target.text.len; i++) {
        char c = target.text.at[i];
        if (c > 0x20 && c < 0x7f && c != '#')
            continue;
        words_fail(words, target.column + (uint32_t)i,
            "a target cannot have this character as it is; percent-encode it");
        return false;
    }
    return true;
}

void declare_example(struct parser *parser, struct words *words, const struct directive *directive)
{
    struct endpoint *endpoint = &parser->endpoint;
    struct word word = words_peek(words);
    struct example example = {.line = directive->line, .column = word.column};
    if (word.text.len > 0 && word.text.at[0] == '/') {
        struct word target = words_next(words);
        if (!check_target(words, target))
            return;
        example.target = target.text;
    }
    example.body = words_rest(words).text;
    bool is_json = example.body.len > 0 && (example.body.at[0] == '{' || example.body.at[0] == '[');
    if ((example.target.len == 0 || example.body.len > 0) && !is_json) {
        words_fail(words, word.column,
            "@example needs a target that starts with a slash, or for a write a JSON object or array, or "
            "first the one and then the other");
        return;
    }
    if (endpoint->example_count == LIMIT_EXAMPLES) {
        words_fail(
            words, directive->column, "more than %d @example; no endpoint may have more", LIMIT_EXAMPLES);
        return;
    }
    struct example *grown =
        parser_grow(parser, endpoint->examples, endpoint->example_count, sizeof(*endpoint->examples));
    if (grown == NULL)
        return;
    endpoint->examples = grown;
    endpoint->examples[endpoint->example_count++] = example;
}
