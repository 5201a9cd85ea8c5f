// SPDX-License-Identifier: Apache-2.0
// Reads the directives that head a statement and say what becomes of its rows: @reject, @warn, @write and
// @answer. The SQL below them is directives.c's. The parser's thread.
#include "app/statements.h"

#include "base/ascii.h"
#include "base/attr.h"
#include "text/nearest.h"
#include "text/number.h"

static const char *kind_name(enum statement_kind kind)
{
    static const char *const names[] = {"@reject", "@warn", "@write", "@answer"};
    return names[kind];
}

// Reads a status from `low` to `high`; false when it is missing or wrong, which is reported.
static bool read_status(
    struct words *words, const struct directive *directive, int low, int high, int *ret_status)
{
    struct word word = words_next(words);
    if (word.text.len == 0) {
        words_fail(words, word.column, "%s needs a status from %d to %d", directive->name, low, high);
        return false;
    }
    int64_t status;
    if (word.text.len != 3 || !number_parse_integer(word.text, &status) || status < low || status > high) {
        words_fail(words, word.column, "the status of %s must be from %d to %d, not \"%.*s\"",
            directive->name, low, high, SHOW(word.text));
        return false;
    }
    *ret_status = (int)status;
    return true;
}

// "unknown port" becomes "unknown_port": each run of other bytes than letters and digits becomes one _, but
// none at either end.
static bool make_code(struct parser *parser, struct span text, struct span *ret_code)
{
    char *code = arena_alloc(parser->arena, text.len + 1);
    if (code == NULL) {
        parser->status = ERR_NO_MEMORY;
        return false;
    }
    size_t len = 0;
    bool has_gap = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = ascii_lower(text.at[i]);
        if (!ascii_is_letter(c) && !ascii_is_digit(c)) {
            has_gap = len > 0;
            continue;
        }
        if (has_gap)
            code[len++] = '_';
        has_gap = false;
        code[len++] = c;
    }
    *ret_code = (struct span){.at = code, .len = len};
    return true;
}

// Reads what a @reject or @warn says when it finds rows.
static void read_text(struct parser *parser, struct words *words, const struct directive *directive)
{
    struct word text = words_rest(words);
    if (text.text.len == 0) {
        words_fail(words, text.column, "%s needs a text that says what is wrong, such as unknown place",
            directive->name);
        return;
    }
    parser->next.text = text.text;
    if (make_code(parser, text.text, &parser->next.code) && parser->next.code.len == 0)
        words_fail(words, text.column, "the text of %s needs an ASCII letter or digit, to make a code of",
            directive->name);
}

// Whether the statement has no SQL: @answer 204, which has no rows to give.
static bool is_bare(const struct statement *statement)
{
    return statement->kind == STATEMENT_ANSWER && statement->status == 204;
}

void head_finish(struct parser *parser, struct statement statement)
{
    struct endpoint *endpoint = &parser->endpoint;
    parser->has_pending = false;
    if (is_bare(&statement) && statement.sql.len > 0) {
        diags_add(parser->diags, parser->file, statement.line, statement.column,
            "status 204 has no place for an answer's rows; take the query away, or use 200 or 201");
        return;
    }
    if (endpoint->statement_count == LIMIT_STATEMENTS) {
        diags_add(parser->diags, parser->file, parser->pending.line, parser->pending.column,
            "more than %d statements; no endpoint may have more", LIMIT_STATEMENTS);
        return;
    }
    struct statement *grown =
        parser_grow(parser, endpoint->statements, endpoint->statement_count, sizeof(*endpoint->statements));
    if (grown == NULL)
        return;
    endpoint->statements = grown;
    endpoint->statements[endpoint->statement_count++] = statement;
}

void head_drop(struct parser *parser)
{
    struct statement statement = parser->next;
    statement.line = parser->pending.line;
    statement.column = parser->pending.column;
    if (parser->has_pending && is_bare(&statement))
        head_finish(parser, statement);
    else if (parser->has_pending)
        diags_add(parser->diags, parser->file, parser->pending.line, parser->pending.column,
            "%s has no statement below it", parser->pending.name);
    parser->has_pending = false;
}

// The order of a file is rejects and warns, writes, answer: a kind may follow those up to its own rank.
static void check_order(struct parser *parser, const struct directive *directive, enum statement_kind kind)
{
    enum statement_kind rank = kind == STATEMENT_REJECT ? STATEMENT_WARN : kind;
    if (parser->last_name != NULL && rank < parser->rank) {
        diags_add(parser->diags, parser->file, directive->line, directive->column,
            "%s stands below %s; the order is @reject and @warn, @write, @answer", directive->name,
            parser->last_name);
        return;
    }
    parser->rank = rank;
    parser->last_name = kind_name(kind);
}

// Begins a statement's directive, whatever its kind.
static void begin(struct parser *parser, const struct directive *directive, enum statement_kind kind)
{
    head_drop(parser);
    check_order(parser, directive, kind);
    parser->has_pending = true;
    parser->pending = *directive;
    parser->next = (struct statement){.kind = kind};
}

void head_reject(struct parser *parser, struct words *words, const struct directive *directive)
{
    begin(parser, directive, STATEMENT_REJECT);
    if (read_status(words, directive, 400, 499, &parser->next.status))
        read_text(parser, words, directive);
}

void head_warn(struct parser *parser, struct words *words, const struct directive *directive)
{
    begin(parser, directive, STATEMENT_WARN);
    parser->endpoint.warns = true;
    if (parser_reads(parser))
        parser_fail(parser, directive, "a read has no warnings beside its answer; use @reject");
    read_text(parser, words, directive);
}

void head_write(struct parser *parser, struct words *words, const struct directive *directive)
{
    begin(parser, directive, STATEMENT_WRITE);
    parser->has_write = true;
    if (parser_reads(parser))
        parser_fail(parser, directive,
            parser->endpoint.method == HTTP_GET ? "a GET cannot write; use POST, PUT, PATCH or DELETE"
                                                : "a QUERY cannot write; use POST, PUT, PATCH or DELETE");
    words_end(words, "@write");
}

// --- @answer [STATUS] [when EXPR]

// Notes the parameters of a condition, and cuts it off where a comment starts.
static void scan_condition(struct parser *parser, struct words *words, struct word *condition)
{
    struct sql_scan scan;
    struct sql_token token;
    sql_scan_init(&scan, condition->text, parser->scan.dialect);
    size_t end = 0;
    while ((token = sql_scan_next(&scan)).kind != SQL_END) {
        uint32_t column = condition->column + (uint32_t)token.offset;
        if (token.kind == SQL_LINE_COMMENT)
            break;
        if (token.kind == SQL_PARAMETER)
            parser_use(parser, (struct span){.at = token.text.at + 1, .len = token.text.len - 1}, words->line,
                column);
        else if (token.kind == SQL_SEMICOLON)
            words_fail(words, column, "a ; in a condition, which is no statement; take it away");
        else if (token.kind == SQL_UNTERMINATED)
            parser_fail_unterminated(parser, token.text, words->line, column);
        if (token.kind != SQL_BLOCK_COMMENT)
            end = token.offset + token.text.len;
    }
    condition->text.len = end;
}

static void read_condition(struct parser *parser, struct words *words)
{
    struct word condition = words_rest(words);
    scan_condition(parser, words, &condition);
    if (condition.text.len == 0)
        words_fail(words, condition.column, "when needs a condition, such as when :radius < 2000");
    parser->next.when = condition.text;
    parser->next.when_column = condition.column;
}

// What a word behind @answer was meant to be, or NULL.
static const char *answer_hint(struct span word)
{
    static const struct {
        const char *name, *meant;
    } foreign[] = {{"ok", "200"}, {"created", "201"}, {"accepted", "202"}, {"if", "when"}, {"where", "when"}};
    for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
        if (span_is_nocase(word, foreign[i].name))
            return foreign[i].meant;
    }
    return nearest_edits(word, span_of("when")) <= 2 ? "when" : NULL;
}

// Reads the status of an @answer; false when it is wrong, which is reported.
static bool read_answer_status(struct parser *parser, struct words *words, const struct directive *directive)
{
    struct word word = words_peek(words);
    uint32_t column = word.column;
    int status;
    if (!ascii_is_digit(word.text.at[0]) && answer_hint(word.text) != NULL) {
        words_fail(
            words, column, "unknown word %.*s; did you mean %s?", SHOW(word.text), answer_hint(word.text));
        return false;
    }
    if (!ascii_is_digit(word.text.at[0])) {
        words_fail(words, column,
            "unknown word %.*s; behind @answer there may be a status from 200 to 299, and when with a condition",
            SHOW(word.text));
        return false;
    }
    if (!read_status(words, directive, 200, 299, &status))
        return false;
    if (status == 204 && parser_reads(parser)) {
        words_fail(
            words, column, "status 204 is for writes: a %s has an answer; use 200", parser_method(parser));
        return false;
    }
    if (status == 205 || status == 206)
        words_fail(words, column, "status %d has no place for an answer's rows; use 200 or 201", status);
    parser->next.status = status;
    return true;
}

void head_answer(struct parser *parser, struct words *words, const struct directive *directive)
{
    begin(parser, directive, STATEMENT_ANSWER);
    if (parser->always_line > 0)
        words_fail(words, directive->column,
            "an @answer below that of line %u, which has no condition and is always run; give that one a "
            "when, or take one away",
            (unsigned)parser->always_line);
    parser->answer = *directive;
    parser->next.status = 200;
    parser->next.when_line = directive->line;
    bool has_ended = words_take_dashes(words);
    struct word word = {0};
    if (!has_ended)
        word = words_peek(words);
    bool is_clear = true;
    if (word.text.len > 0 && !span_is(word.text, "when"))
        is_clear = read_answer_status(parser, words, directive);
    has_ended = has_ended || words_take_dashes(words);
    word = (struct word){0};
    if (!has_ended)
        word = words_peek(words);
    if (span_is(word.text, "when")) {
        words_skip(words, word);
        read_condition(parser, words);
        return;
    }
    if (word.text.len > 0 && is_clear)
        words_fail(words, word.column, "only when and a condition may follow the status, not \"%.*s\"",
            SHOW(word.text));
    if (parser->always_line == 0)
        parser->always_line = directive->line;
}
