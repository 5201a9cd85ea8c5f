// SPDX-License-Identifier: Apache-2.0
// One walk over the file's SQL tokens. A line comment that starts with @ is a directive; the other comments
// above the first statement are the description; the SQL of a statement goes from its directive to its
// semicolon. The line of a directive is read elsewhere: in statements.c where it heads a statement, else in
// one of the files declare*.c. One thread, with a parser for each file.
#include "app/directives.h"

#include <stdio.h>

#include "app/declare.h"
#include "app/declare_access.h"
#include "app/declare_answer.h"
#include "app/declare_csv.h"
#include "app/declare_kept.h"
#include "app/endpoint_check.h"
#include "app/presence.h"
#include "app/source.h"
#include "app/statements.h"
#include "base/ascii.h"
#include "text/nearest.h"

// --- dispatch

enum section { SECTION_FIRST, SECTION_DECLARATIONS, SECTION_STATEMENTS };

// What stands behind a directive, as far as it tells one without its @ from a sentence.
enum form {
    FORM_OTHER, // nothing that would tell
    FORM_METHOD,
    FORM_NAME_AND_TYPE,
    FORM_NUMBER,
    FORM_ALONE,
    FORM_TARGET,
    FORM_WORD,
};

static const struct {
    const char *name;     // as it is written
    enum section section; // of the file, in which it may stand
    enum form form;       // of its line
    void (*read)(struct parser *parser, struct words *words, const struct directive *directive);
} known[] = {
    {"@endpoint", SECTION_FIRST, FORM_METHOD, declare_endpoint},
    {"@param", SECTION_DECLARATIONS, FORM_NAME_AND_TYPE, declare_param},
    {"@field", SECTION_DECLARATIONS, FORM_NAME_AND_TYPE, declare_field},
    {"@column", SECTION_DECLARATIONS, FORM_NAME_AND_TYPE, declare_column},
    {"@shape", SECTION_DECLARATIONS, FORM_WORD, declare_shape},
    {"@under", SECTION_DECLARATIONS, FORM_WORD, declare_under},
    {"@page", SECTION_DECLARATIONS, FORM_NUMBER, declare_page},
    {"@strict", SECTION_DECLARATIONS, FORM_ALONE, declare_strict},
    {"@private", SECTION_DECLARATIONS, FORM_ALONE, declare_private},
    {"@access", SECTION_DECLARATIONS, FORM_WORD, declare_access},
    {"@claim", SECTION_DECLARATIONS, FORM_NAME_AND_TYPE, declare_claim},
    {"@one", SECTION_DECLARATIONS, FORM_ALONE, declare_one},
    {"@lenient", SECTION_DECLARATIONS, FORM_ALONE, declare_lenient},
    {"@parallel", SECTION_DECLARATIONS, FORM_ALONE, declare_parallel},
    {"@cache", SECTION_DECLARATIONS, FORM_WORD, declare_cache},
    {"@depends", SECTION_DECLARATIONS, FORM_OTHER, declare_depends},
    {"@stale", SECTION_DECLARATIONS, FORM_NUMBER, declare_stale},
    {"@csv", SECTION_DECLARATIONS, FORM_OTHER, declare_csv},
    {"@example", SECTION_DECLARATIONS, FORM_TARGET, declare_example},
    {"@reject", SECTION_STATEMENTS, FORM_OTHER, head_reject},
    {"@warn", SECTION_STATEMENTS, FORM_OTHER, head_warn},
    {"@write", SECTION_STATEMENTS, FORM_OTHER, head_write},
    {"@answer", SECTION_STATEMENTS, FORM_OTHER, head_answer},
};

static void fail_unknown(struct words *words, struct word name)
{
    const char *names[ARRAY_LEN(known)];
    char all[16 * ARRAY_LEN(known)]; // with commas and an "and"
    for (size_t i = 0, len = 0; i < ARRAY_LEN(known); i++) {
        const char *between = i + 1 < ARRAY_LEN(known) ? ", " : " and ";
        names[i] = known[i].name;
        len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", i > 0 ? between : "", names[i]);
    }
    const char *nearest = nearest_of(name.text, names, ARRAY_LEN(names));
    if (nearest != NULL)
        words_fail(words, name.column, "unknown directive %.*s; did you mean %s?", SHOW(name.text), nearest);
    else
        words_fail(words, name.column, "unknown directive %.*s; known are %s", SHOW(name.text), all);
}

static void finish_statement(struct parser *parser);

static void on_directive(struct parser *parser, struct words *words)
{
    struct word name = words_next(words);
    size_t i = 0;
    while (i < ARRAY_LEN(known) && !span_is(name.text, known[i].name))
        i++;
    if (i == ARRAY_LEN(known)) {
        fail_unknown(words, name);
        return;
    }
    struct directive directive = {.name = known[i].name, .line = words->line, .column = name.column};
    if (parser->in_statement) {
        words_fail(words, name.column, "%s stands inside the statement of line %u; end that with a ;",
            directive.name, (unsigned)parser->start_line);
        finish_statement(parser);
    } else if (known[i].section == SECTION_DECLARATIONS &&
               (parser->seen_statement || parser->last_name != NULL)) {
        words_fail(words, name.column, "%s stands below a statement; put it under @endpoint", directive.name);
    }
    if (!parser->has_endpoint && known[i].section != SECTION_FIRST && parser->early.name == NULL)
        parser->early = directive;
    known[i].read(parser, words, &directive);
}

// --- comments

// Without the dashes, the blank behind them and trailing blanks.
static struct span comment_text(struct span comment)
{
    struct span text = {.at = comment.at + 2, .len = comment.len - 2};
    size_t blank = text.len > 0 && text.at[0] == ' ';
    text.at += blank;
    text.len -= blank;
    while (text.len > 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
        text.len--;
    return text;
}

// Whether a comment is a declaration whose @ was forgotten: it would be read as description, without a word.
// Such words begin sentences too, so what stands behind them has to fit.
static bool is_bare(struct words words, const char **ret_name)
{
    struct span first = words_next(&words).text, second = words_next(&words).text;
    struct span third = words_next(&words).text;
    enum http_method method;
    enum value_type type;
    size_t i = 0;
    while (i < ARRAY_LEN(known) && !span_is(first, known[i].name + 1))
        i++;
    if (i == ARRAY_LEN(known))
        return false;
    *ret_name = known[i].name;
    switch (known[i].form) {
    case FORM_METHOD:
        return http_method_from_name(second, &method);
    case FORM_NAME_AND_TYPE:
        return value_type_from_name(third, &type);
    case FORM_NUMBER:
        return second.len > 0 && ascii_is_digit(second.at[0]);
    case FORM_ALONE:
        return second.len == 0;
    case FORM_TARGET:
        return second.len > 0 && strchr("/{[", second.at[0]) != NULL;
    case FORM_WORD:
        return second.len > 0 && third.len == 0;
    case FORM_OTHER:
        break;
    }
    return false;
}

static void on_line_comment(struct parser *parser, const struct sql_token *token)
{
    bool stands_alone = token->line != parser->last_line;
    struct span text = comment_text(token->text);
    struct words words = {.rest = {.at = token->text.at + 2, .len = token->text.len - 2},
        .file = parser->file,
        .line = token->line,
        .column = token->column + 2,
        .diags = parser->diags};
    struct word first = words_peek(&words);
    bool is_directive = first.text.len > 1 && first.text.at[0] == '@';
    const char *bare = NULL;
    if (is_directive && stands_alone) {
        on_directive(parser, &words);
    } else if (is_directive) {
        words_fail(&words, first.column, "%.*s stands behind SQL; a directive has a line of its own",
            SHOW(first.text));
    } else if (stands_alone && !parser->seen_statement && parser->last_name == NULL &&
               is_bare(words, &bare)) {
        words_fail(&words, first.column, "without its @ this is a description; did you mean %s?", bare);
    } else if (stands_alone && !parser->seen_statement && parser->last_name == NULL &&
               (text.len > 0 || parser->description.len > 0)) {
        buf_append(&parser->description, text.at, text.len);
        buf_append_byte(&parser->description, '\n');
    }
}

// --- SQL

// What other languages begin a comment with, and what word processors make of two hyphens.
static bool is_other_comment(struct span text)
{
    return span_starts_with(text, "#") || span_starts_with(text, "//") || span_starts_with(text, "\u2013") ||
           span_starts_with(text, "\u2014");
}

static void begin_statement(struct parser *parser, const struct sql_token *token)
{
    parser->in_statement = true;
    parser->seen_statement = true;
    parser->start = token->offset;
    parser->start_line = token->line;
    parser->start_column = token->column;
    if (token->line == parser->semicolon_line)
        diags_add(parser->diags, parser->file, token->line, token->column,
            "a statement stands behind another one's ; and has to start on a line of its own");
    else if (is_other_comment((struct span){
                 .at = parser->scan.text.at + token->offset, .len = parser->scan.text.len - token->offset}))
        diags_add(parser->diags, parser->file, token->line, token->column,
            "a comment or directive begins with two hyphens: -- @word");
    else if (!parser->has_pending)
        diags_add(parser->diags, parser->file, token->line, token->column,
            "a statement without a directive; put @reject, @warn, @write or @answer on the line above it");
}

static void finish_statement(struct parser *parser)
{
    parser->in_statement = false;
    if (!parser->has_pending)
        return;
    parser->next.sql =
        (struct span){.at = parser->scan.text.at + parser->start, .len = parser->end - parser->start};
    parser->next.dialect = parser->scan.dialect;
    parser->next.line = parser->start_line;
    parser->next.column = parser->start_column;
    head_finish(parser, parser->next);
}

static void on_semicolon(struct parser *parser, const struct sql_token *token)
{
    if (parser->in_statement)
        finish_statement(parser);
    else if (parser->has_pending)
        head_drop(parser);
    else
        diags_add(
            parser->diags, parser->file, token->line, token->column, "a ; without a statement; take it away");
    parser->semicolon_line = token->line;
}

// --- the end of the file

static void finish(struct parser *parser)
{
    if (parser->in_statement)
        finish_statement(parser); // the last statement needs no semicolon
    if (!parser->is_broken)
        head_drop(parser);
    if (!parser->has_endpoint)
        diags_add(parser->diags, parser->file, 1, 1,
            "no @endpoint; say first which requests the file answers: -- @endpoint GET /rates");
    if (parser->is_broken)
        return;
    declare_csv_finish(parser);
    endpoint_check(parser);
}

// Makes a name list that the store wants, with room for some more names.
static struct store_name *make_names(
    struct parser *parser, const struct rule *rules, size_t count, size_t more)
{
    struct store_name *names = arena_zalloc(parser->arena, count + more, sizeof(*names));
    if (names == NULL) {
        parser->status = ERR_NO_MEMORY;
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        names[i] =
            (struct store_name){.name = rules[i].name, .type = rules[i].type, .is_list = rules[i].is_list};
    return names;
}

static void make_endpoint(struct parser *parser)
{
    struct endpoint *endpoint = &parser->endpoint;
    endpoint->param_names = make_names(parser, endpoint->params, endpoint->param_count, 0);
    for (size_t i = 0; i < endpoint->param_count; i++)
        endpoint->goes_by_clock = endpoint->goes_by_clock || rule_goes_by_clock(&endpoint->params[i]);
    endpoint->field_names = make_names(parser, endpoint->fields, endpoint->field_count, endpoint->has_count);
    if (parser->status == ERR_NONE)
        presence_name(parser);
    struct buf *description = &parser->description;
    while (description->len > 0 && description->data[description->len - 1] == '\n')
        description->len--;
    char *copy = arena_strndup(parser->arena, description->data, description->len);
    if (copy == NULL || buf_status(description) != ERR_NONE)
        parser->status = ERR_NO_MEMORY;
    endpoint->description = (struct span){.at = copy, .len = description->len};
}

static void walk(struct parser *parser)
{
    struct sql_token token;
    do {
        token = sql_scan_next(&parser->scan);
        switch (token.kind) {
        case SQL_LINE_COMMENT:
            on_line_comment(parser, &token);
            continue; // which makes no line one that holds SQL
        case SQL_SEMICOLON:
            on_semicolon(parser, &token);
            break;
        case SQL_PARAMETER:
        case SQL_CODE:
            if (!parser->in_statement)
                begin_statement(parser, &token);
            if (token.kind == SQL_PARAMETER)
                parser_use(parser, (struct span){.at = token.text.at + 1, .len = token.text.len - 1},
                    token.line, token.column);
            parser->end = token.offset + token.text.len;
            break;
        case SQL_UNTERMINATED:
            parser_fail_unterminated(parser, token.text, token.line, token.column);
            parser->is_broken = true;
            break;
        case SQL_BLOCK_COMMENT:
        case SQL_END:
            break;
        }
        parser->last_line = parser->scan.line;
    } while (token.kind != SQL_END && parser->status == ERR_NONE);
}

enum err_code directives_parse(const char *file, struct span text, enum sql_dialect dialect,
    struct arena *arena, struct diags *diags, struct endpoint *ret_endpoint, struct err *err)
{
    size_t before = diags_total(diags);
    struct parser parser = {.file = file,
        .arena = arena,
        .diags = diags,
        .endpoint = {.file = file, .limit_param = -1, .cursor_param = -1, .batch_param = -1, .is_kept = true},
        .status = ERR_NONE};
    if (source_check(file, text, diags)) {
        buf_init(&parser.description, LIMIT_APP_FILE_BYTES);
        sql_scan_init(&parser.scan, text, dialect);
        walk(&parser);
        if (parser.status == ERR_NONE)
            finish(&parser);
        if (parser.status == ERR_NONE)
            make_endpoint(&parser);
        buf_fini(&parser.description);
    }
    if (parser.status != ERR_NONE)
        return err_no_memory(err);
    if (diags_total(diags) > before)
        return err_set(err, ERR_CONFIG, "%s has errors", file);
    *ret_endpoint = parser.endpoint;
    return ERR_NONE;
}
