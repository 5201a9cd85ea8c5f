// SPDX-License-Identifier: Apache-2.0
// For each kind of token there is a function that returns the token's length, given the text from its first
// byte on. A length of CUT_OFF means that the text ends before the token does. Pure; any thread.
#include "text/sql_scan.h"

#include <stdbool.h>

#include "text/bom.h"

#define CUT_OFF SIZE_MAX

void sql_scan_init(struct sql_scan *scan, struct span text, enum sql_dialect dialect)
{
    *scan = (struct sql_scan){.text = text, .dialect = dialect, .line = 1};
    scan->offset = scan->line_start = bom_length(text);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

static bool is_name_start(char c)
{
    return ascii_is_letter(c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_name_char(char c)
{
    return is_name_start(c) || ascii_is_digit(c);
}

static size_t name_length(struct span rest)
{
    size_t len = 0;
    while (len < rest.len && is_name_char(rest.at[len]))
        len++;
    return len;
}

// From `start` on, up to and with `mark`.
static size_t up_to(struct span rest, size_t start, const char *mark, size_t mark_len)
{
    const char *found = start <= rest.len ? memmem(rest.at + start, rest.len - start, mark, mark_len) : NULL;
    return found != NULL ? (size_t)(found - rest.at) + mark_len : CUT_OFF;
}

// A quoted run that starts at `start` and in which a doubled quote stands for itself.
static size_t quoted_length(struct span rest, size_t start, bool backslashes)
{
    char quote = rest.at[start];
    for (size_t i = start + 1; i < rest.len; i++) {
        bool is_doubled = rest.at[i] == quote && i + 1 < rest.len && rest.at[i + 1] == quote;
        if (is_doubled || (backslashes && rest.at[i] == '\\'))
            i++;
        else if (rest.at[i] == quote)
            return i + 1;
    }
    return CUT_OFF;
}

// $tag$…$tag$, or the dollar sign alone when that is not what starts here.
static size_t dollar_length(struct span rest)
{
    struct span tag = {.at = rest.at + 1, .len = rest.len - 1};
    tag.len = name_length(tag);
    bool quotes =
        tag.len + 1 < rest.len && rest.at[tag.len + 1] == '$' && (tag.len == 0 || is_name_start(tag.at[0]));
    return quotes ? up_to(rest, tag.len + 2, rest.at, tag.len + 2) : 1;
}

// A word or number; dollar signs may stand inside one.
static size_t word_length(struct span rest, enum sql_dialect dialect)
{
    bool is_e = dialect == SQL_POSTGRESQL && (rest.at[0] == 'E' || rest.at[0] == 'e');
    if (is_e && rest.len > 1 && rest.at[1] == '\'')
        return quoted_length(rest, 1, true);
    size_t len = 1;
    while (len < rest.len && (is_name_char(rest.at[len]) || rest.at[len] == '$'))
        len++;
    return len;
}

static size_t line_comment_length(struct span rest)
{
    const char *end = memchr(rest.at, '\n', rest.len);
    size_t len = end != NULL ? (size_t)(end - rest.at) : rest.len;
    while (len > 0 && rest.at[len - 1] == '\r')
        len--;
    return len;
}

static size_t block_comment_length(struct span rest, enum sql_dialect dialect)
{
    if (dialect == SQL_SQLITE)
        return up_to(rest, 2, "*/", 2);
    size_t depth = 1;
    for (size_t i = 2; i + 1 < rest.len; i++) {
        bool is_start = rest.at[i] == '/' && rest.at[i + 1] == '*';
        bool is_end = rest.at[i] == '*' && rest.at[i + 1] == '/';
        if (is_end && --depth == 0)
            return i + 2;
        depth += is_start;
        i += is_start || is_end;
    }
    return CUT_OFF;
}

static bool is_parameter(char after_colon, enum sql_dialect dialect)
{
    return dialect == SQL_SQLITE ? is_name_char(after_colon) : is_name_start(after_colon);
}

// The length of the token at rest's first byte, which is no blank.
static size_t token_length(struct span rest, enum sql_dialect dialect, enum sql_kind *ret_kind)
{
    char first = rest.at[0], second = '\0';
    if (rest.len > 1)
        second = rest.at[1];
    *ret_kind = SQL_CODE;
    switch (first) {
    case ';':
        *ret_kind = SQL_SEMICOLON;
        return 1;
    case '\'':
    case '"':
        return quoted_length(rest, 0, false);
    case '`':
        return dialect == SQL_SQLITE ? quoted_length(rest, 0, false) : 1;
    case '[':
        return dialect == SQL_SQLITE ? up_to(rest, 1, "]", 1) : 1;
    case '$':
        return dialect == SQL_POSTGRESQL ? dollar_length(rest) : 1;
    case '-':
        if (second != '-')
            return 1;
        *ret_kind = SQL_LINE_COMMENT;
        return line_comment_length(rest);
    case '/':
        if (second != '*')
            return 1;
        *ret_kind = SQL_BLOCK_COMMENT;
        return block_comment_length(rest, dialect);
    case ':':
        if (second == ':' || !is_parameter(second, dialect))
            return second == ':' ? 2 : 1;
        *ret_kind = SQL_PARAMETER;
        return 1 + name_length(span_from(rest, 1));
    default:
        return is_name_char(first) ? word_length(rest, dialect) : 1;
    }
}

// Moves on by `len` bytes and counts the lines in them.
static void advance(struct sql_scan *scan, size_t len)
{
    size_t end = scan->offset + len;
    for (; scan->offset < end; scan->offset++) {
        if (scan->text.at[scan->offset] == '\n') {
            scan->line++;
            scan->line_start = scan->offset + 1;
        }
    }
}

struct sql_token sql_scan_next(struct sql_scan *scan)
{
    while (scan->offset < scan->text.len && is_blank(scan->text.at[scan->offset]))
        advance(scan, 1);
    struct sql_token token = {
        .kind = SQL_END,
        .offset = scan->offset,
        .line = scan->line,
        .column = (uint32_t)(scan->offset - scan->line_start) + 1,
    };
    if (scan->offset == scan->text.len)
        return token;
    struct span rest = {.at = scan->text.at + scan->offset, .len = scan->text.len - scan->offset};
    size_t len = token_length(rest, scan->dialect, &token.kind);
    if (len == CUT_OFF) {
        token.kind = SQL_UNTERMINATED;
        len = rest.len;
    }
    token.text = (struct span){.at = rest.at, .len = len};
    advance(scan, len);
    return token;
}

struct sql_token sql_scan_next_code(struct sql_scan *scan)
{
    struct sql_token token;
    do
        token = sql_scan_next(scan);
    while (token.kind == SQL_LINE_COMMENT || token.kind == SQL_BLOCK_COMMENT);
    return token;
}

bool sql_is_one_of(struct span word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (span_is_nocase(word, words[i]))
            return true;
    }
    return false;
}

void sql_place(struct span sql, size_t offset, uint32_t *ret_line, uint32_t *ret_column)
{
    uint32_t line = 1;
    size_t line_start = bom_length(sql);
    if (line_start > offset)
        line_start = 0;
    for (size_t i = 0; i < offset; i++) {
        if (sql.at[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    }
    *ret_line = line;
    *ret_column = (uint32_t)(offset - line_start + 1);
}
