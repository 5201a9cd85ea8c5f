// SPDX-License-Identifier: Apache-2.0
// One walk over the file's SQL tokens. A line comment that starts with @ is a directive; the others above the
// first statement are the description; what stands between a statement's directive and its semicolon is its
// SQL. What can only be said at the end (a parameter that nothing uses) is checked there.
#include "app/directives.h"

#include "app/parser.h"
#include "app/source.h"
#include "text/number.h"

// --- directives that head a statement

static const char *kind_name(enum statement_kind kind)
{
    static const char *const names[] = {"@reject", "@warn", "@write", "@answer"};
    return names[kind];
}

// Reads a status from `low` to `high`; false when it is none, which is reported.
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

// "unknown port" becomes "unknown_port": what is no letter or digit becomes one _, and none at either end.
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
        char c = text.at[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) {
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

static void fail_at(struct parser *parser, const struct directive *directive, const char *text)
{
    diags_add(parser->diags, parser->file, directive->line, directive->column, "%s", text);
}

static void drop_pending(struct parser *parser)
{
    if (parser->has_pending)
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

// What every directive of a statement starts with.
static void begin(struct parser *parser, const struct directive *directive, enum statement_kind kind)
{
    drop_pending(parser);
    check_order(parser, directive, kind);
    parser->has_pending = true;
    parser->pending = *directive;
    parser->next = (struct statement){.kind = kind};
}

static void head_reject(struct parser *parser, struct words *words, const struct directive *directive)
{
    begin(parser, directive, STATEMENT_REJECT);
    if (read_status(words, directive, 400, 499, &parser->next.status))
        read_text(parser, words, directive);
}

static void head_warn(struct parser *parser, struct words *words, const struct directive *directive)
{
    begin(parser, directive, STATEMENT_WARN);
    parser->endpoint.warns = true;
    if (parser->has_method && parser->endpoint.method == HTTP_GET)
        fail_at(parser, directive, "a GET has no warnings beside its answer; use @reject");
    read_text(parser, words, directive);
}

static void head_write(struct parser *parser, struct words *words, const struct directive *directive)
{
    begin(parser, directive, STATEMENT_WRITE);
    parser->has_write = true;
    if (parser->has_method && parser->endpoint.method == HTTP_GET)
        fail_at(parser, directive, "a GET cannot write; use POST, PUT, PATCH or DELETE");
    words_end(words, "@write");
}

static void head_answer(struct parser *parser, struct words *words, const struct directive *directive)
{
    begin(parser, directive, STATEMENT_ANSWER);
    if (parser->answer_line > 0)
        words_fail(words, directive->column,
            "a second @answer; an endpoint has one, and its first is on line %u",
            (unsigned)parser->answer_line);
    else
        parser->answer_line = directive->line;
    parser->next.status = 200;
    struct words ahead = *words;
    struct word status = words_next(&ahead);
    if (status.text.len == 0 || !read_status(words, directive, 200, 299, &parser->next.status))
        return;
    if (parser->next.status >= 204 && parser->next.status <= 206)
        words_fail(words, status.column, "status %d has no place for an answer's rows; use 200 or 201",
            parser->next.status);
    words_end(words, "the status");
}

// --- dispatch

enum place { PLACE_FIRST, PLACE_DECLARE, PLACE_STATEMENT };

static const struct {
    const char *name; // as it is written
    enum place place; // where in the file it may stand
    void (*read)(struct parser *parser, struct words *words, const struct directive *directive);
} known[] = {
    {"@endpoint", PLACE_FIRST, declare_endpoint},
    {"@param", PLACE_DECLARE, declare_param},
    {"@field", PLACE_DECLARE, declare_field},
    {"@column", PLACE_DECLARE, declare_column},
    {"@strict", PLACE_DECLARE, declare_strict},
    {"@reject", PLACE_STATEMENT, head_reject},
    {"@warn", PLACE_STATEMENT, head_warn},
    {"@write", PLACE_STATEMENT, head_write},
    {"@answer", PLACE_STATEMENT, head_answer},
};

static void fail_unknown(struct words *words, struct word name)
{
    const char *names[ARRAY_LEN(known)];
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        names[i] = known[i].name;
    const char *nearest = word_nearest(name.text, names, ARRAY_LEN(names));
    if (nearest != NULL)
        words_fail(words, name.column, "unknown directive %.*s; did you mean %s?", SHOW(name.text), nearest);
    else
        words_fail(words, name.column,
            "unknown directive %.*s; known are @endpoint, @param, @field, @column, @strict, @reject, @warn, "
            "@write and @answer",
            SHOW(name.text));
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
    } else if (known[i].place == PLACE_DECLARE && (parser->seen_statement || parser->last_name != NULL)) {
        words_fail(words, name.column, "%s stands below a statement; put it under @endpoint", directive.name);
    }
    if (!parser->has_endpoint && known[i].place != PLACE_FIRST && parser->early.name == NULL)
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
    if (is_directive && stands_alone) {
        on_directive(parser, &words);
    } else if (is_directive) {
        words_fail(&words, first.column, "%.*s stands behind SQL; a directive has a line of its own",
            SHOW(first.text));
    } else if (stands_alone && !parser->seen_statement && parser->last_name == NULL &&
               (text.len > 0 || parser->description.len > 0)) {
        buf_append(&parser->description, text.at, text.len);
        buf_append_byte(&parser->description, '\n');
    }
}

// --- SQL

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
    else if (!parser->has_pending)
        diags_add(parser->diags, parser->file, token->line, token->column,
            "a statement without a directive; put @reject, @warn, @write or @answer on the line above it");
}

static void finish_statement(struct parser *parser)
{
    struct endpoint *endpoint = &parser->endpoint;
    parser->in_statement = false;
    if (!parser->has_pending)
        return;
    parser->has_pending = false;
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
    parser->next.sql =
        (struct span){.at = parser->scan.text.at + parser->start, .len = parser->end - parser->start};
    parser->next.line = parser->start_line;
    parser->next.column = parser->start_column;
    endpoint->statements[endpoint->statement_count++] = parser->next;
}

static void on_semicolon(struct parser *parser, const struct sql_token *token)
{
    if (parser->in_statement)
        finish_statement(parser);
    else if (parser->has_pending)
        drop_pending(parser);
    else
        diags_add(
            parser->diags, parser->file, token->line, token->column, "a ; without a statement; take it away");
    parser->semicolon_line = token->line;
}

// Marks a parameter as used; false when there is none of that name so far.
static bool mark_used(struct parser *parser, struct span name)
{
    for (size_t i = 0; i < parser->endpoint.param_count; i++) {
        if (span_equal(parser->endpoint.params[i].name, name)) {
            parser->used[i] = true;
            return true;
        }
    }
    return false;
}

static void on_parameter(struct parser *parser, const struct sql_token *token)
{
    struct span name = {.at = token->text.at + 1, .len = token->text.len - 1};
    if (mark_used(parser, name) || parser->use_count == ARRAY_LEN(parser->uses))
        return;
    for (size_t i = 0; i < parser->use_count; i++) {
        if (span_equal(parser->uses[i].name, name))
            return;
    }
    parser->uses[parser->use_count++] =
        (struct use){.name = name, .line = token->line, .column = token->column};
}

static void on_unterminated(struct parser *parser, const struct sql_token *token)
{
    const char *what = "string";
    if (token->text.at[0] == '/')
        what = "comment";
    else if (strchr("\"`[", token->text.at[0]) != NULL)
        what = "quoted name";
    diags_add(
        parser->diags, parser->file, token->line, token->column, "the %s that starts here has no end", what);
    parser->is_broken = true;
}

// --- the end of the file

static void check_uses(struct parser *parser)
{
    const struct endpoint *endpoint = &parser->endpoint;
    for (size_t i = 0; i < parser->use_count; i++) {
        const struct use *use = &parser->uses[i];
        if (mark_used(parser, use->name)) // declared further down, which was reported there
            continue;
        bool is_field = false;
        for (size_t k = 0; k < endpoint->field_count; k++)
            is_field = is_field || span_equal(endpoint->fields[k].name, use->name);
        if (is_field)
            diags_add(parser->diags, parser->file, use->line, use->column,
                "%.*s is a field: a column of the table batch, written without the colon", SHOW(use->name));
        else
            diags_add(parser->diags, parser->file, use->line, use->column,
                "parameter :%.*s is not declared; add a @param", SHOW(use->name));
    }
    for (size_t i = 0; i < endpoint->param_count; i++) {
        const struct rule *param = &endpoint->params[i];
        if (!parser->used[i])
            diags_add(parser->diags, parser->file, param->line, param->column,
                "no statement uses parameter :%.*s; take the line away", SHOW(param->name));
    }
}

static void check_whole(struct parser *parser)
{
    const struct endpoint *endpoint = &parser->endpoint;
    struct directive at = {.line = endpoint->line, .column = endpoint->column};
    if (parser->answer_line == 0)
        fail_at(parser, &at, "no @answer; the endpoint needs a statement whose rows are its answer");
    if (!parser->has_method || endpoint->method == HTTP_GET)
        return;
    if (!parser->has_write)
        diags_add(parser->diags, parser->file, at.line, at.column,
            "no @write; a %s needs a statement that writes, or use GET", http_method_name(endpoint->method));
    if (endpoint->method == HTTP_POST && endpoint->field_count == 0)
        fail_at(parser, &at, "no @field; a POST needs the fields of its rows");
}

static void finish(struct parser *parser)
{
    if (parser->in_statement)
        finish_statement(parser); // the last statement needs no semicolon
    if (!parser->is_broken)
        drop_pending(parser);
    if (!parser->has_endpoint)
        diags_add(parser->diags, parser->file, 1, 1,
            "no @endpoint; say first which requests the file answers: -- @endpoint GET /rates");
    if (parser->is_broken)
        return;
    if (parser->has_endpoint)
        check_whole(parser);
    check_uses(parser);
}

// Makes the name lists that the store wants.
static struct store_name *make_names(struct parser *parser, const struct rule *rules, size_t count)
{
    struct store_name *names = arena_zalloc(parser->arena, count, sizeof(*names));
    if (names == NULL) {
        parser->status = ERR_NO_MEMORY;
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        names[i] = (struct store_name){.name = rules[i].name, .type = rules[i].type};
    return names;
}

static void make_endpoint(struct parser *parser)
{
    struct endpoint *endpoint = &parser->endpoint;
    endpoint->param_names = make_names(parser, endpoint->params, endpoint->param_count);
    endpoint->field_names = make_names(parser, endpoint->fields, endpoint->field_count);
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
                on_parameter(parser, &token);
            parser->end = token.offset + token.text.len;
            break;
        case SQL_UNTERMINATED:
            on_unterminated(parser, &token);
            break;
        case SQL_BLOCK_COMMENT:
        case SQL_END:
            break;
        }
        parser->last_line = parser->scan.line;
    } while (token.kind != SQL_END && parser->status == ERR_NONE);
}

enum err_code directives_parse(const char *file, struct span text, struct arena *arena, struct diags *diags,
    struct endpoint *ret_endpoint, struct err *err)
{
    size_t before = diags_total(diags);
    struct parser parser = {
        .file = file, .arena = arena, .diags = diags, .endpoint = {.file = file}, .status = ERR_NONE};
    if (source_check(file, text, diags)) {
        buf_init(&parser.description, LIMIT_APP_FILE_BYTES);
        sql_scan_init(&parser.scan, text);
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
