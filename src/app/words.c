// SPDX-License-Identifier: Apache-2.0
// Takes the line of a directive apart into words, each with its column, and reports errors in it. What the
// words mean is for the caller to say. One thread at a time.
#include "app/words.h"

#include <stdarg.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static void skip(struct words *words, size_t len)
{
    if (len == 0)
        return;
    words->rest.at += len;
    words->rest.len -= len;
    words->column += (uint32_t)len;
}

static void skip_blanks(struct words *words)
{
    size_t len = 0;
    while (len < words->rest.len && is_blank(words->rest.at[len]))
        len++;
    skip(words, len);
}

// Takes what comes next, up to a blank or one of `stops`.
static struct word take_until(struct words *words, const char *stops)
{
    skip_blanks(words);
    size_t len = 0;
    while (
        len < words->rest.len && !is_blank(words->rest.at[len]) && strchr(stops, words->rest.at[len]) == NULL)
        len++;
    struct word word = {.text = {.at = words->rest.at, .len = len}, .column = words->column};
    skip(words, len);
    return word;
}

struct word words_next(struct words *words)
{
    return take_until(words, "");
}

struct word words_peek(const struct words *words)
{
    struct words copy = *words;
    return take_until(&copy, "(");
}

void words_skip(struct words *words, struct word peeked)
{
    skip(words, (size_t)(peeked.text.at - words->rest.at) + peeked.text.len);
}

bool words_value(struct words *words, const char *stops, struct word *ret_value)
{
    skip_blanks(words);
    bool is_quoted = words->rest.len > 0 && (words->rest.at[0] == '"' || words->rest.at[0] == '\'');
    if (!is_quoted) {
        *ret_value = take_until(words, stops);
        return true;
    }
    const char *end = memchr(words->rest.at + 1, words->rest.at[0], words->rest.len - 1);
    if (end == NULL) {
        words_fail(words, words->column, "the quote has no end on this line");
        return false;
    }
    struct span text = {.at = words->rest.at + 1, .len = (size_t)(end - words->rest.at) - 1};
    *ret_value = (struct word){.text = text, .column = words->column, .is_quoted = true};
    skip(words, text.len + 2);
    return true;
}

bool words_take(struct words *words, char byte)
{
    skip_blanks(words);
    bool found = words->rest.len > 0 && words->rest.at[0] == byte;
    skip(words, found);
    return found;
}

bool words_take_dashes(struct words *words)
{
    skip_blanks(words);
    bool found = span_starts_with(words->rest, "--");
    skip(words, found ? 2 : 0);
    return found;
}

struct word words_rest(struct words *words)
{
    skip_blanks(words);
    struct word word = {.text = words->rest, .column = words->column};
    skip(words, words->rest.len);
    while (word.text.len > 0 && is_blank(word.text.at[word.text.len - 1]))
        word.text.len--;
    return word;
}

void words_end(struct words *words, const char *what)
{
    if (words_take_dashes(words))
        return;
    struct word left = words_next(words);
    if (left.text.len > 0)
        words_fail(words, left.column, "nothing may follow %s; take \"%.*s\" away", what, SHOW(left.text));
}

void words_fail(const struct words *words, uint32_t column, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diags_vadd(words->diags, words->file, words->line, column, format, args);
    va_end(args);
}
