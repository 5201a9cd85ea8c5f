// SPDX-License-Identifier: Apache-2.0
// SQL text as this driver needs it: split, with $n for :name, and with places in it. Pure functions;
// any thread. What a token is, is text/sql_scan.h's.
#include "store/postgresql/sql.h"

#include <stdio.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/mem.h"
#include "text/sql_scan.h"

enum err_code pg_fail_at(struct span sql, size_t offset, struct err *err, const char *text)
{
    uint32_t line, column;
    sql_place(sql, offset, &line, &column);
    return err_set_at(err, ERR_CONFIG, line, column, "%s", text);
}

enum err_code pg_check_bytes(struct span sql, struct err *err)
{
    for (size_t i = 0; i < sql.len; i++) {
        if (sql.at[i] == '\0')
            return pg_fail_at(sql, i, err, "SQL cannot hold a NUL byte");
        if (sql.at[i] == '\r' && (i + 1 == sql.len || sql.at[i + 1] != '\n'))
            return pg_fail_at(sql, i, err, "a carriage return needs its line feed here");
    }
    return ERR_NONE;
}

enum err_code pg_copy_text(struct span sql, char **ret_copy, struct err *err)
{
    enum err_code code = pg_check_bytes(sql, err);
    if (code != ERR_NONE)
        return code;
    char *copy = mem_strndup(sql.len > 0 ? sql.at : "", sql.len);
    if (copy == NULL)
        return err_no_memory(err);
    *ret_copy = copy;
    return ERR_NONE;
}

// --- scripts

// The body of a function that stands in a script as it is: BEGIN ATOMIC … END, with statements in it, which
// end with semicolons, and CASE … END.
struct body {
    unsigned depth;   // of BEGIN ATOMIC and CASE that have no END yet; 0: in no body
    bool after_begin; // the token before was BEGIN
};

static void follow_body(struct body *body, struct span word)
{
    bool is_atomic = body->after_begin && span_is_nocase(word, "atomic");
    if (is_atomic || (body->depth > 0 && span_is_nocase(word, "case")))
        body->depth++;
    else if (body->depth > 0 && span_is_nocase(word, "end"))
        body->depth--;
    body->after_begin = span_is_nocase(word, "begin");
}

struct span pg_next_statement(struct span sql, size_t *start)
{
    struct sql_scan scan;
    sql_scan_init(&scan, (struct span){.at = sql.at + *start, .len = sql.len - *start}, SQL_POSTGRESQL);
    size_t base = *start, first = SIZE_MAX, end = 0;
    struct body body = {0};
    for (;;) {
        struct sql_token token = sql_scan_next(&scan);
        bool is_comment = token.kind == SQL_LINE_COMMENT || token.kind == SQL_BLOCK_COMMENT;
        bool is_end =
            token.kind == SQL_END || (token.kind == SQL_SEMICOLON && body.depth == 0 && first != SIZE_MAX);
        if (is_end) {
            *start = token.kind == SQL_END ? sql.len : base + token.offset + 1;
            break;
        }
        if (is_comment || (token.kind == SQL_SEMICOLON && first == SIZE_MAX))
            continue;
        if (first == SIZE_MAX)
            first = token.offset;
        end = token.offset + token.text.len;
        follow_body(&body, token.text);
    }
    if (first == SIZE_MAX)
        return (struct span){.at = sql.at + sql.len, .len = 0};
    return (struct span){.at = sql.at + base + first, .len = end - first};
}

// --- parameters

static enum err_code fail_name(
    struct span sql, size_t offset, struct span name, const char *why, struct err *err)
{
    char text[160];
    snprintf(text, sizeof(text), "\"%.*s\" is not %s", (int)(name.len < 80 ? name.len : 80), name.at, why);
    return pg_fail_at(sql, offset, err, text);
}

// $1 is the server's own way to write a parameter. (A scan takes the sign for a token of its own.)
static bool is_number(struct span sql, const struct sql_token *token, struct span *ret_name)
{
    struct span name = {.at = token->text.at, .len = 1};
    if (token->kind != SQL_CODE || !span_is(token->text, "$"))
        return false;
    while (token->offset + name.len < sql.len && ascii_is_digit(name.at[name.len]))
        name.len++;
    *ret_name = name;
    return name.len > 1;
}

// The number that the parameter has in the statement, from 1; gives it the next one when it is new. 0: it has
// no place any more.
static size_t number_of(uint16_t index, uint16_t *params, size_t *count)
{
    for (size_t i = 0; i < *count; i++) {
        if (params[i] == index)
            return i + 1;
    }
    if (*count == PG_PARAMS)
        return 0;
    params[(*count)++] = index;
    return *count;
}

// Appends $n, as wide as the name was: what stands behind it keeps its place, which errors tell. (A name of
// one letter that is the tenth parameter or a later one moves the rest of its line by one.)
static void append_number(struct buf *out, size_t number, size_t width)
{
    size_t before = out->len;
    buf_printf(out, "$%zu", number);
    while (buf_status(out) == ERR_NONE && out->len < before + width)
        buf_append_byte(out, ' ');
}

enum err_code pg_translate(struct span sql, const struct store_name *params, size_t param_count,
    struct buf *out, uint16_t *ret_params, size_t *ret_count, struct err *err)
{
    struct sql_scan scan;
    size_t done = 0, count = 0;
    sql_scan_init(&scan, sql, SQL_POSTGRESQL);
    for (;;) {
        struct sql_token token = sql_scan_next(&scan);
        struct span name;
        if (token.kind == SQL_END)
            break;
        if (is_number(sql, &token, &name))
            return fail_name(sql, token.offset, name, "a parameter: write it as :name", err);
        if (token.kind != SQL_PARAMETER)
            continue;
        name = (struct span){.at = token.text.at + 1, .len = token.text.len - 1};
        size_t found = 0;
        while (found < param_count && !span_equal(params[found].name, name))
            found++;
        size_t number = found < param_count ? number_of((uint16_t)found, ret_params, &count) : 0;
        if (number == 0)
            return fail_name(sql, token.offset, token.text, "declared", err);
        buf_append(out, sql.at + done, token.offset - done);
        append_number(out, number, token.text.len);
        done = token.offset + token.text.len;
    }
    buf_append(out, sql.at + done, sql.len - done);
    buf_append_byte(out, '\0');
    if (buf_status(out) == ERR_NO_MEMORY)
        return err_no_memory(err);
    if (buf_status(out) != ERR_NONE)
        return err_set(err, ERR_CONFIG, "the statement is longer than %d bytes", LIMIT_APP_FILE_BYTES);
    *ret_count = count;
    return ERR_NONE;
}
