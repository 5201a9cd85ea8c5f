// SPDX-License-Identifier: Apache-2.0
// A descent over the tokens of json_lexer.c, of two levels and so without recursion. Of what is deeper the
// end is found by its brackets, and json_normal.h says whether it is JSON. Pure; any thread.
#include "text/json_object.h"

#include "base/buf.h"
#include "base/limits.h"
#include "text/json_lexer.h"
#include "text/json_normal.h"
#include "text/json_word.h"

struct reading {
    struct json_lexer lexer; // has the first failure
    struct span all;         // borrowed
    struct span rest;        // not read yet
    struct arena *arena;     // borrowed
    size_t max_items;        // of a list, to keep
};

static bool fail(struct reading *reading, const char *text)
{
    json_lexer_fail(&reading->lexer, reading->lexer.token, ERR_MALFORMED, "%s", text);
    return false;
}

static bool fail_full(struct reading *reading)
{
    json_lexer_fail(&reading->lexer, reading->lexer.token, ERR_TOO_LARGE,
        "the members up to here need more than %zu bytes of memory: send fewer", reading->arena->max);
    return false;
}

// The next token; false at the end, which is a failure unless `may_end`.
static bool next(struct reading *reading, bool may_end, struct json_token *ret_token)
{
    struct json_lexer *lexer = &reading->lexer;
    while (json_lexer_next(lexer, &reading->rest, ret_token)) {
        if (ret_token->kind != JSON_TOKEN_LINE_END)
            return true;
    }
    bool is_line_over = lexer->token < lexer->line_start; // the last token is the end of the line before
    if (lexer->failure.code == ERR_NONE && !may_end)
        json_lexer_fail(lexer, is_line_over ? lexer->offset : lexer->token, ERR_MALFORMED,
            "the JSON ends before it is whole");
    return false;
}

static bool is_mark(const struct json_token *token, char mark)
{
    return token->kind == JSON_TOKEN_PUNCTUATION && token->text.at[0] == mark;
}

static bool keep(struct reading *reading, struct span text, struct span *ret_kept)
{
    return arena_copy(reading->arena, text, ret_kept) || fail_full(reading);
}

static bool kind_of(const struct json_token *token, enum json_kind *ret_kind)
{
    *ret_kind = JSON_STRING;
    if (token->kind == JSON_TOKEN_STRING)
        return true;
    if (token->kind != JSON_TOKEN_WORD)
        return false;
    if (span_is(token->text, "null"))
        *ret_kind = JSON_NULL;
    else if (span_is(token->text, "true") || span_is(token->text, "false"))
        *ret_kind = JSON_BOOLEAN;
    else if (json_number_length(token->text) == token->text.len)
        *ret_kind = JSON_NUMBER;
    else
        return false;
    return true;
}

// What is written from the offset `start` up to the end of the token.
static struct span written(const struct reading *reading, int64_t start, const struct json_token *token)
{
    const char *at = reading->all.at + start;
    const char *end = token->kind == JSON_TOKEN_WORD
                          ? reading->all.at + reading->lexer.token + token->text.len
                          : reading->rest.at; // which begins behind marks and strings
    return (struct span){.at = at, .len = (size_t)(end - at)};
}

static bool is_json(struct reading *reading, struct span text)
{
    AUTO(buf_fini) struct buf normal;
    buf_init(&normal, LIMIT_FORM_BYTES * 6); // as much as escapes make of a body
    if (json_normal_write(text, &normal))
        return true;
    if (buf_status(&normal) == ERR_NO_MEMORY)
        (void)err_no_memory(&reading->lexer.failure);
    return false;
}

// The object or list that the token opens, as it is written.
static bool read_nested(struct reading *reading, const struct json_token *opening, struct span *ret_text)
{
    struct json_lexer *lexer = &reading->lexer;
    int64_t start = lexer->token, line = lexer->line, column = start - lexer->line_start + 1;
    struct json_token token = *opening;
    for (size_t depth = 1; depth > 0;) {
        if (!next(reading, false, &token))
            return false;
        if (is_mark(&token, '{') || is_mark(&token, '['))
            depth++;
        else if (is_mark(&token, '}') || is_mark(&token, ']'))
            depth--;
    }
    *ret_text = written(reading, start, &token);
    if (is_json(reading, *ret_text))
        return true;
    (void)err_set_at(&lexer->failure, ERR_MALFORMED, (uint32_t)line, (uint32_t)column,
        "the value that begins here is not written as JSON has it, or nested deeper than %d levels",
        LIMIT_JSON_DEPTH);
    return false;
}

// Makes an item of the token, if it is to be kept, and passes over it else.
static bool read_item(
    struct reading *reading, const struct json_token *token, bool is_kept, struct json_item **ret_item)
{
    struct json_item item = {.kind = JSON_NESTED};
    if (is_mark(token, '{') || is_mark(token, '[')) {
        if (!read_nested(reading, token, &item.text))
            return false;
    } else if (!kind_of(token, &item.kind)) {
        return fail(reading, "a value is missing here, or is not written as JSON has it");
    } else if (is_kept && !keep(reading, token->text, &item.text)) {
        return false;
    }
    if (!is_kept)
        return true;
    struct json_item *kept = arena_alloc(reading->arena, sizeof(*kept));
    if (kept == NULL)
        return fail_full(reading);
    *kept = item;
    *ret_item = kept;
    return true;
}

// What stands behind a [.
static bool read_list(struct reading *reading, struct json_item **at)
{
    struct json_token token;
    if (!next(reading, false, &token))
        return false;
    if (is_mark(&token, ']'))
        return true;
    for (size_t count = 0;; count++) {
        bool is_kept = count < reading->max_items;
        if (!read_item(reading, &token, is_kept, at) || !next(reading, false, &token))
            return false;
        if (is_kept)
            at = &(*at)->next;
        if (is_mark(&token, ']'))
            return true;
        if (!is_mark(&token, ','))
            return fail(reading, "between the values of a list there is a comma");
        if (!next(reading, false, &token))
            return false;
    }
}

// A member, whose name the token is.
static bool read_entry(struct reading *reading, struct json_token *token, struct json_entry **ret_entry)
{
    struct json_entry *entry = arena_zalloc(reading->arena, 1, sizeof(*entry));
    if (entry == NULL)
        return fail_full(reading);
    if (token->kind != JSON_TOKEN_STRING)
        return fail(reading, "a member begins with its name in quotes");
    if (!keep(reading, token->text, &entry->name) || !next(reading, false, token))
        return false;
    if (!is_mark(token, ':'))
        return fail(reading, "behind a name there is a colon");
    if (!next(reading, false, token))
        return false;
    int64_t start = reading->lexer.token;
    entry->is_list = is_mark(token, '[');
    *ret_entry = entry;
    bool is_read =
        entry->is_list ? read_list(reading, &entry->first) : read_item(reading, token, true, &entry->first);
    if (is_read)
        entry->json = written(reading, start, token);
    return is_read;
}

static bool read_object(struct reading *reading, struct json_entry **at)
{
    struct json_token token;
    if (!next(reading, false, &token))
        return false;
    if (!is_mark(&token, '{'))
        return fail(reading, "the body is one JSON object, with a member for each parameter");
    if (!next(reading, false, &token))
        return false;
    while (!is_mark(&token, '}')) {
        if (!read_entry(reading, &token, at) || !next(reading, false, &token))
            return false;
        at = &(*at)->next;
        if (is_mark(&token, '}'))
            break;
        if (!is_mark(&token, ','))
            return fail(reading, "between the members of an object there is a comma");
        if (!next(reading, false, &token))
            return false;
        if (is_mark(&token, '}'))
            return fail(reading, "behind the last member there is no comma");
    }
    if (next(reading, true, &token) || reading->lexer.tail.len > 0)
        return fail(reading, "something stands behind the object");
    return reading->lexer.failure.code == ERR_NONE;
}

enum err_code json_object_read(
    struct span text, size_t max_items, struct arena *arena, struct json_entry **ret_first, struct err *err)
{
    struct reading reading = {.all = text, .rest = text, .arena = arena, .max_items = max_items};
    struct json_entry *first = NULL;
    json_lexer_init(&reading.lexer);
    bool is_read = read_object(&reading, &first);
    const struct err *failure = &reading.lexer.failure;
    enum err_code code = failure->code;
    if (is_read)
        *ret_first = first;
    else
        err_set_at(err, code, failure->line, failure->column, "%s", failure->text);
    json_lexer_fini(&reading.lexer);
    return is_read ? ERR_NONE : code;
}
