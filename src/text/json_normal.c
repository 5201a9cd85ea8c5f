// SPDX-License-Identifier: Apache-2.0
// The lexer makes tokens of the text, which is whole; the grammar here says which may follow which. It is
// that of json_rows.c for one value, without rows and lines. Pure; any thread.
#include "text/json_normal.h"

#include <string.h>

#include "base/limits.h"
#include "text/json_lexer.h"
#include "text/json_word.h"
#include "text/json_write.h"

// What may come next.
enum want {
    WANT_VALUE,
    WANT_VALUE_OR_END, // of an array
    WANT_NAME,
    WANT_NAME_OR_END, // of an object
    WANT_COLON,
    WANT_COMMA_OR_END, // in what was opened last
    WANT_NOTHING,      // the value has ended
};

struct grammar {
    enum want want;                //
    char opened[LIMIT_JSON_DEPTH]; // the { and [ that are open
    int depth;                     // how many these are
};

static bool wants_value(const struct grammar *grammar)
{
    return grammar->want == WANT_VALUE || grammar->want == WANT_VALUE_OR_END;
}

static bool end_value(struct grammar *grammar)
{
    grammar->want = grammar->depth > 0 ? WANT_COMMA_OR_END : WANT_NOTHING;
    return true;
}

static bool open_value(struct grammar *grammar, char bracket)
{
    if (!wants_value(grammar) || grammar->depth == LIMIT_JSON_DEPTH)
        return false;
    grammar->opened[grammar->depth++] = bracket;
    grammar->want = bracket == '{' ? WANT_NAME_OR_END : WANT_VALUE_OR_END;
    return true;
}

static bool close_value(struct grammar *grammar, char bracket)
{
    bool may_end = grammar->want == WANT_COMMA_OR_END || grammar->want == WANT_NAME_OR_END ||
                   grammar->want == WANT_VALUE_OR_END;
    if (!may_end || grammar->opened[grammar->depth - 1] != bracket)
        return false;
    grammar->depth--;
    return end_value(grammar);
}

static bool take_punctuation(struct grammar *grammar, char byte)
{
    switch (byte) {
    case '{':
    case '[':
        return open_value(grammar, byte);
    case '}':
        return close_value(grammar, '{');
    case ']':
        return close_value(grammar, '[');
    case ':':
        if (grammar->want != WANT_COLON)
            return false;
        grammar->want = WANT_VALUE;
        return true;
    default: // a comma
        if (grammar->want != WANT_COMMA_OR_END)
            return false;
        grammar->want = grammar->opened[grammar->depth - 1] == '{' ? WANT_NAME : WANT_VALUE;
        return true;
    }
}

static bool take_string(struct grammar *grammar)
{
    if (grammar->want == WANT_NAME || grammar->want == WANT_NAME_OR_END) {
        grammar->want = WANT_COLON;
        return true;
    }
    return wants_value(grammar) && end_value(grammar);
}

static bool take_word(struct grammar *grammar, struct span word)
{
    bool is_number = word.at[0] == '-' || ascii_is_digit(word.at[0]);
    size_t len = is_number ? json_number_length(word) : json_name_length(word);
    return len == word.len && wants_value(grammar) && end_value(grammar);
}

static bool take_token(struct grammar *grammar, const struct json_token *token)
{
    switch (token->kind) {
    case JSON_TOKEN_PUNCTUATION:
        return take_punctuation(grammar, token->text.at[0]);
    case JSON_TOKEN_LINE_END:
        return true;
    case JSON_TOKEN_STRING:
        return take_string(grammar);
    case JSON_TOKEN_WORD:
        return take_word(grammar, token->text);
    }
    return false;
}

static void write_token(const struct json_token *token, struct buf *out)
{
    if (token->kind == JSON_TOKEN_STRING)
        json_write_string(out, token->text);
    else if (token->kind != JSON_TOKEN_LINE_END)
        buf_append(out, token->text.at, token->text.len);
}

// Takes tokens off the front of *bytes, up to its end or to what may not come.
static bool write_tokens(
    struct json_lexer *lexer, struct grammar *grammar, struct span bytes, struct buf *out)
{
    struct json_token token;
    while (json_lexer_next(lexer, &bytes, &token)) {
        if (!take_token(grammar, &token))
            return false;
        write_token(&token, out);
    }
    if (lexer->failure.code == ERR_NO_MEMORY)
        out->status = ERR_NO_MEMORY;
    return lexer->failure.code == ERR_NONE;
}

bool json_normal_write(struct span text, struct buf *out)
{
    struct grammar grammar = {.want = WANT_VALUE};
    struct json_lexer lexer;
    json_lexer_init(&lexer);
    bool is_fine = write_tokens(&lexer, &grammar, text, out) && !json_lexer_is_in_string(&lexer) &&
                   write_tokens(&lexer, &grammar, span_of(" "), out); // ends a last word
    json_lexer_fini(&lexer);
    return is_fine && grammar.want == WANT_NOTHING && buf_status(out) == ERR_NONE;
}

// Takes an element, or a comma or the end behind one. *ret_has: it was an element.
static enum json_elements take_element(struct grammar *grammar, const struct json_token *token,
    struct arena *arena, struct json_element *ret_element, bool *ret_has)
{
    bool is_first = grammar->depth == 0;
    if (!take_token(grammar, token) || grammar->depth > 1 || (is_first && grammar->want == WANT_NOTHING) ||
        (grammar->depth == 1 && grammar->opened[0] != '['))
        return JSON_ELEMENTS_NONE;
    *ret_has = token->kind == JSON_TOKEN_STRING || token->kind == JSON_TOKEN_WORD;
    if (!*ret_has)
        return JSON_ELEMENTS_OK;
    char *copy = arena_strndup(arena, token->text.at, token->text.len);
    *ret_element = (struct json_element){
        .is_string = token->kind == JSON_TOKEN_STRING, .text = {.at = copy, .len = token->text.len}};
    return copy != NULL ? JSON_ELEMENTS_OK : JSON_ELEMENTS_NO_ROOM;
}

static enum json_elements read_elements(struct json_lexer *lexer, struct span text, struct arena *arena,
    size_t max, struct json_element **ret_elements, size_t *ret_count)
{
    struct grammar grammar = {.want = WANT_VALUE};
    struct json_element *elements = NULL;
    struct json_token token;
    size_t count = 0, room = 0;
    while (json_lexer_next(lexer, &text, &token)) {
        struct json_element element;
        bool has = false;
        enum json_elements result = token.kind == JSON_TOKEN_LINE_END
                                        ? JSON_ELEMENTS_OK
                                        : take_element(&grammar, &token, arena, &element, &has);
        if (result != JSON_ELEMENTS_OK)
            return result;
        if (!has)
            continue;
        if (count == max)
            return JSON_ELEMENTS_MANY;
        struct json_element *grown = arena_grow(arena, elements, count, &room, sizeof(*elements));
        if (grown == NULL)
            return JSON_ELEMENTS_NO_ROOM;
        elements = grown;
        elements[count++] = element;
    }
    if (lexer->failure.code != ERR_NONE)
        return lexer->failure.code == ERR_NO_MEMORY ? JSON_ELEMENTS_NO_ROOM : JSON_ELEMENTS_NONE;
    text = span_of(" ");
    if (grammar.want != WANT_NOTHING || json_lexer_is_in_string(lexer) ||
        json_lexer_next(lexer, &text, &token)) // a word at the end
        return JSON_ELEMENTS_NONE;
    *ret_elements = elements;
    *ret_count = count;
    return JSON_ELEMENTS_OK;
}

enum json_elements json_normal_elements(
    struct span text, struct arena *arena, size_t max, struct json_element **ret_elements, size_t *ret_count)
{
    struct json_lexer lexer;
    json_lexer_init(&lexer);
    enum json_elements result = read_elements(&lexer, text, arena, max, ret_elements, ret_count);
    json_lexer_fini(&lexer);
    return result;
}
