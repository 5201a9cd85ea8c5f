// SPDX-License-Identifier: Apache-2.0
// Reads the directives that say how long an endpoint's answers may be kept: @cache and @stale. Whether they
// can be kept at all is dependence.c's to find out. The parser's thread.
#include "app/declare_kept.h"

#include "base/limits.h"
#include "text/number.h"

// Reports a directive that is there twice, or in a write. True when it may be read.
static bool is_at_home(
    struct parser *parser, struct words *words, const struct directive *directive, uint32_t *first_line)
{
    if (*first_line > 0) {
        words_fail(words, directive->column, "a second %s; the first is on line %u", directive->name,
            (unsigned)*first_line);
        return false;
    }
    *first_line = directive->line;
    if (parser->has_method && parser->endpoint.method != HTTP_GET) {
        words_fail(words, directive->column, "%s is for GET: no answer of a write is kept; take it away",
            directive->name);
        return false;
    }
    return true;
}

void declare_cache(struct parser *parser, struct words *words, const struct directive *directive)
{
    if (!is_at_home(parser, words, directive, &parser->cache_line))
        return;
    struct word word = words_next(words);
    if (word.text.len == 0)
        words_fail(words, word.column, "@cache needs the word off: @cache off");
    else if (!span_is(word.text, "off"))
        words_fail(words, word.column,
            "unknown word %.*s; behind @cache there is off, and without the line answers are kept while they hold",
            SHOW(word.text));
    else
        words_end(words, "off");
    parser->endpoint.is_kept = false;
}

// Reads 500ms, 2s, 0.5s, 1m or 1h; false when it is no such text.
static bool read_time(struct span text, double *ret_ms)
{
    static const struct {
        const char *unit;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        struct span number = text;
        double count;
        if (!span_ends_with(text, units[i].unit))
            continue;
        number.len -= strlen(units[i].unit);
        if (!number_read(number, &count))
            continue;
        *ret_ms = count * units[i].ms;
        return true;
    }
    return false;
}

void declare_stale(struct parser *parser, struct words *words, const struct directive *directive)
{
    if (!is_at_home(parser, words, directive, &parser->stale.line))
        return;
    parser->stale = *directive;
    struct word word = words_next(words);
    double ms;
    if (word.text.len == 0)
        words_fail(words, word.column, "@stale needs a time, such as @stale 2s");
    else if (!read_time(word.text, &ms))
        words_fail(
            words, word.column, "\"%.*s\" is no time: write it as 500ms, 2s, 1m or 1h", SHOW(word.text));
    else if (ms < LIMIT_STALE_MIN_MS || ms > LIMIT_STALE_MAX_MS)
        words_fail(
            words, word.column, "the time of @stale has to be from 100ms to 1h, not %.*s", SHOW(word.text));
    else {
        parser->endpoint.stale_ms = (uint32_t)ms;
        words_end(words, "the time");
    }
}
