// SPDX-License-Identifier: Apache-2.0
// Reads @access and @claim. A claim is a parameter like others for the SQL and for its rule; only its value
// comes from the client's key or token, never from the request. So is :client, which needs no line. The
// parser's thread.
#include "app/declare_access.h"

#include "app/declare.h"
#include "app/rule_read.h"
#include "text/nearest.h"

static const char CLIENT[] = "client";

// Whether a text may be the name of a scope. One with a blank would name an endpoint.
static bool is_scope(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool is_fine = (text.at[i] >= 'a' && text.at[i] <= 'z') || (text.at[i] >= 'A' && text.at[i] <= 'Z') ||
                       (text.at[i] >= '0' && text.at[i] <= '9') ||
                       (text.at[i] != '\0' && strchr("_.:-", text.at[i]) != NULL);
        if (!is_fine)
            return false;
    }
    return text.len > 0 && text.len <= LIMIT_SCOPE_CHARS;
}

static void read_scope(struct words *words, struct endpoint_access *access)
{
    struct word name = words_next(words);
    if (name.text.len == 0)
        words_fail(words, name.column, "@access scope needs the name of a scope: @access scope admin");
    else if (!is_scope(name.text))
        words_fail(words, name.column,
            "\"%.*s\" cannot be a scope: it has 1 to %d letters, digits, and any of _ . : -", SHOW(name.text),
            LIMIT_SCOPE_CHARS);
    access->kind = ACCESS_SCOPE;
    access->scope = name.text;
}

void declare_access(struct parser *parser, struct words *words, const struct directive *directive)
{
    static const char *const known[] = {"open", "key", "scope"};
    struct endpoint_access *access = &parser->endpoint.access;
    if (!parser_is_first(words, directive, &access->line))
        return;
    access->column = directive->column;
    struct word word = words_next(words);
    const char *nearest = nearest_of(word.text, known, ARRAY_LEN(known));
    if (span_is(word.text, "key"))
        access->kind = ACCESS_KEY;
    else if (span_is(word.text, "scope"))
        read_scope(words, access);
    else if (word.text.len == 0)
        words_fail(words, word.column, "@access needs one of open, key and scope NAME, such as @access key");
    else if (!span_is(word.text, "open") && nearest != NULL)
        words_fail(words, word.column, "unknown word %.*s; did you mean %s?", SHOW(word.text), nearest);
    else if (!span_is(word.text, "open"))
        words_fail(words, word.column, "unknown word %.*s; behind @access stands open, key or scope NAME",
            SHOW(word.text));
    words_end(words, "who may ask");
}

void declare_claim(struct parser *parser, struct words *words, const struct directive *directive)
{
    size_t before = parser->endpoint.param_count;
    declare_param(parser, words, directive);
    if (parser->endpoint.param_count > before)
        parser->endpoint.params[before].source = PARAM_CLAIM;
}

// --- at the end of the file

void declare_access_finish(struct parser *parser)
{
    struct endpoint *endpoint = &parser->endpoint;
    // The name means who asks, so a file cannot give it to something that anybody may send.
    if (!parser_fail_taken(parser, CLIENT, ": it is who asks") && parser_find_use(parser, CLIENT) != NULL)
        (void)parser_add_param(parser, (struct rule){.source = PARAM_CLIENT,
                                           .name = span_of(CLIENT),
                                           .outside = span_of(CLIENT),
                                           .type = TYPE_TEXT,
                                           .line = endpoint->line,
                                           .column = endpoint->column});
    for (size_t i = 0; i < endpoint->param_count; i++)
        endpoint->is_personal = endpoint->is_personal || endpoint->params[i].source == PARAM_CLIENT ||
                                endpoint->params[i].source == PARAM_CLAIM;
}
