// SPDX-License-Identifier: Apache-2.0
// Reads the directives that say how long an endpoint's answers may be kept: @cache, @stale and @depends,
// which depends_hide.c applies. Whether answers can be kept at all is dependence.c's to find out. The
// parser's thread.
#include "app/declare_kept.h"

#include "base/ascii.h"
#include "base/limits.h"
#include "text/number.h"

// Reports a directive that is there twice, or in a write. True when it may be read.
static bool is_at_home(
    struct parser *parser, struct words *words, const struct directive *directive, uint32_t *first_line)
{
    if (!parser_is_first(words, directive, first_line))
        return false;
    bool may_read = parser_reads(parser) || parser->endpoint.method == HTTP_POST; // endpoint_check.c goes on
    if (parser->has_method && !may_read) {
        words_fail(words, directive->column, "%s is for reads: no answer of a write is kept; take it away",
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

// --- @depends table (column = :parameter, …)

static const char FORM[] = "write @depends prices (shop = :shop, day = :day)";

// The next token of the line; SQL_END where a comment begins.
static struct sql_token next_token(struct sql_scan *scan)
{
    struct sql_token token = sql_scan_next(scan);
    if (token.kind == SQL_LINE_COMMENT)
        token = (struct sql_token){.kind = SQL_END, .column = token.column};
    return token;
}

static bool is_mark(const struct sql_token *token, const char *mark)
{
    return token->kind == SQL_CODE && span_is(token->text, mark);
}

// A name that needs no quotes, as it will stand in SQL as it is.
static bool is_plain_name(const struct sql_token *token)
{
    if (token->kind != SQL_CODE || ascii_is_digit(token->text.at[0]))
        return false;
    for (size_t i = 0; i < token->text.len; i++) {
        char c = token->text.at[i];
        if (!ascii_is_letter(c) && !ascii_is_digit(c) && c != '_')
            return false;
    }
    return true;
}

// Reports the token as one that does not fit; `base` is the column in front of the scanned text.
static bool fail_token(struct words *words, uint32_t base, const struct sql_token *token, const char *wanted)
{
    if (token->kind == SQL_END)
        words_fail(words, base + token->column, "@depends needs %s here: %s", wanted, FORM);
    else
        words_fail(words, base + token->column, "@depends needs %s here, not \"%.*s\": %s", wanted,
            SHOW(token->text), FORM);
    return false;
}

// Reads column = :parameter; false after an error.
static bool read_column(
    struct parser *parser, struct words *words, struct sql_scan *scan, uint32_t base, struct depends *depends)
{
    struct sql_token name = next_token(scan);
    if (!is_plain_name(&name))
        return fail_token(words, base, &name, "a column");
    struct sql_token equals = next_token(scan);
    if (!is_mark(&equals, "="))
        return fail_token(words, base, &equals, "a =");
    struct sql_token param = next_token(scan);
    if (param.kind != SQL_PARAMETER)
        return fail_token(words, base, &param, "a parameter, such as :shop,");
    for (size_t i = 0; i < depends->count; i++) {
        if (!span_equal_nocase(depends->columns[i].name, name.text))
            continue;
        words_fail(words, base + name.column, "a second value for %.*s; take one away", SHOW(name.text));
        return false;
    }
    if (depends->count == LIMIT_BUCKET_COLUMNS) {
        words_fail(words, base + name.column,
            "more than %d columns; take some away: the answer then depends on more rows",
            LIMIT_BUCKET_COLUMNS);
        return false;
    }
    struct span param_name = {.at = param.text.at + 1, .len = param.text.len - 1};
    parser_use(parser, param_name, words->line, base + param.column);
    depends->columns[depends->count].name = name.text;
    depends->columns[depends->count].param_name = param_name;
    depends->columns[depends->count].param = -1;
    depends->columns[depends->count].column = base + name.column;
    depends->columns[depends->count].param_column = base + param.column;
    depends->count++;
    return true;
}

static bool read_depends(struct parser *parser, struct words *words, struct depends *depends)
{
    struct word line = words_rest(words);
    struct sql_scan scan;
    uint32_t base = line.column - 1;
    sql_scan_init(&scan, line.text, parser->scan.dialect);
    struct sql_token token = next_token(&scan);
    if (!is_plain_name(&token))
        return fail_token(words, base, &token, "a table, without schema and quotes,");
    depends->table = token.text;
    depends->line = words->line;
    depends->column = base + token.column;
    token = next_token(&scan);
    if (!is_mark(&token, "("))
        return fail_token(words, base, &token, "a (");
    do {
        if (!read_column(parser, words, &scan, base, depends))
            return false;
        token = next_token(&scan);
    } while (is_mark(&token, ","));
    if (!is_mark(&token, ")"))
        return fail_token(words, base, &token, "a , or a )");
    token = next_token(&scan);
    if (token.kind != SQL_END) {
        words_fail(
            words, base + token.column, "nothing may follow the ); take \"%.*s\" away", SHOW(token.text));
        return false;
    }
    return true;
}

static bool is_new(struct parser *parser, struct words *words, const struct directive *directive,
    const struct depends *depends)
{
    const struct endpoint *endpoint = &parser->endpoint;
    for (size_t i = 0; i < endpoint->depends_count; i++) {
        if (!span_equal_nocase(endpoint->depends[i].table, depends->table))
            continue;
        words_fail(words, depends->column, "a second @depends of %.*s; the first is on line %u",
            SHOW(depends->table), (unsigned)endpoint->depends[i].line);
        return false;
    }
    if (endpoint->depends_count == LIMIT_DEPENDS) {
        words_fail(
            words, directive->column, "more than %d @depends; no endpoint may have more", LIMIT_DEPENDS);
        return false;
    }
    return true;
}

void declare_depends(struct parser *parser, struct words *words, const struct directive *directive)
{
    struct endpoint *endpoint = &parser->endpoint;
    struct depends depends = {0};
    uint32_t no_line = 0; // there may be several
    bool is_fine = is_at_home(parser, words, directive, &no_line) && read_depends(parser, words, &depends) &&
                   is_new(parser, words, directive, &depends);
    struct depends *grown = NULL;
    if (is_fine)
        grown = parser_grow(parser, endpoint->depends, endpoint->depends_count, sizeof(*grown));
    if (grown == NULL) {
        parser->hides_badly = true;
        return;
    }
    endpoint->depends = grown;
    endpoint->depends[endpoint->depends_count++] = depends;
}
