// SPDX-License-Identifier: Apache-2.0
// A statement keeps its lines and columns below the line in front, so that the places of errors can be told.
// One that has a WITH of its own gets the line put in front of its list, and blanks in place of its WITH:
//     WITH route_days AS NOT MATERIALIZED (…),
//          days (day) AS (…) SELECT …
// In PostgreSQL the name within the brackets means the table unless the list is recursive. SQLite would take
// it for the list's own one: it needs the schema in front. Pure; any thread.
#include "app/depends_sql.h"

#include "base/ascii.h"
#include "text/sql_quote.h"

static bool is_word(const struct sql_token *token, const char *word)
{
    return token->kind == SQL_CODE && span_is_nocase(token->text, word);
}

static bool is_named(const struct depends *depends, const struct sql_token *token)
{
    return token->kind == SQL_CODE && token->text.at[0] != '\'' &&
           span_equal_nocase(sql_unquoted(token->text), depends->table);
}

bool depends_is_named(const struct depends *depends, struct span sql, enum sql_dialect dialect)
{
    struct sql_scan scan;
    sql_scan_init(&scan, sql, dialect);
    for (struct sql_token token = sql_scan_next_code(&scan); token.kind != SQL_END;
         token = sql_scan_next_code(&scan)) {
        if (is_named(depends, &token))
            return true;
    }
    return false;
}

static void append(struct span text, struct buf *out)
{
    buf_append(out, text.at, text.len);
}

static void append_table(const struct depends *depends, enum sql_dialect dialect, struct buf *out)
{
    if (dialect == SQL_SQLITE)
        buf_append_str(out, "main.");
    append(depends->table, out);
}

void depends_append_renamed(const struct endpoint *endpoint, const struct span *names, struct span sql,
    enum sql_dialect dialect, struct buf *out)
{
    struct sql_scan scan;
    struct sql_token before = {0};
    size_t done = 0;
    sql_scan_init(&scan, sql, dialect);
    for (struct sql_token token = sql_scan_next_code(&scan); token.kind != SQL_END;
         token = sql_scan_next_code(&scan)) {
        for (size_t i = 0; i < endpoint->depends_count && !is_word(&before, "."); i++) {
            if (!is_named(&endpoint->depends[i], &token))
                continue;
            buf_append(out, sql.at + done, token.offset - done);
            append(names[i], out);
            done = token.offset + token.text.len;
            break;
        }
        before = token;
    }
    buf_append(out, sql.at + done, sql.len - done);
}

void depends_append_rows(void *ctx, const struct depends *depends, struct buf *out)
{
    const enum sql_dialect *dialect = ctx;
    buf_append_str(out, "SELECT * FROM ");
    append_table(depends, *dialect, out);
    if (*dialect == SQL_SQLITE) { // so that plans call it by its name alone
        buf_append_str(out, " AS ");
        append(depends->table, out);
    }
    for (size_t i = 0; i < depends->count; i++) {
        buf_append_str(out, i == 0 ? " WHERE " : " AND ");
        append(depends->columns[i].name, out);
        buf_append_str(out, " = :");
        append(depends->columns[i].param_name, out);
    }
}

static void append_list(const struct endpoint *endpoint, const struct span *names, uint32_t hidden,
    depends_body *body, void *ctx, struct buf *out)
{
    bool is_first = true;
    for (size_t i = 0; i < endpoint->depends_count; i++) {
        if ((hidden & (1U << i)) == 0)
            continue;
        buf_append_str(out, is_first ? "" : ", ");
        append(names != NULL ? names[i] : endpoint->depends[i].table, out);
        buf_append_str(out, " AS NOT MATERIALIZED (");
        body(ctx, &endpoint->depends[i], out);
        buf_append_byte(out, ')');
        is_first = false;
    }
}

// Appends the text with blanks in place of all but its line ends.
static void append_blanks(struct span text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++)
        buf_append_byte(out, text.at[i] == '\n' || text.at[i] == '\r' ? text.at[i] : ' ');
}

// Finds the WITH that SQL begins with; false when there is none.
static bool find_with(struct span sql, enum sql_dialect dialect, bool *ret_is_recursive, size_t *ret_end)
{
    struct sql_scan scan;
    sql_scan_init(&scan, sql, dialect);
    struct sql_token with = sql_scan_next_code(&scan), recursive = sql_scan_next_code(&scan);
    if (!is_word(&with, "WITH"))
        return false;
    *ret_is_recursive = is_word(&recursive, "RECURSIVE");
    const struct sql_token *last = *ret_is_recursive ? &recursive : &with;
    *ret_end = last->offset + last->text.len;
    return true;
}

bool depends_can_hide(struct span sql, enum sql_dialect dialect)
{
    bool is_recursive = false;
    size_t end;
    return dialect == SQL_SQLITE || !find_with(sql, dialect, &is_recursive, &end) || !is_recursive;
}

void depends_append_hidden(const struct endpoint *endpoint, const struct span *names,
    enum sql_dialect dialect, uint32_t hidden, struct span sql, depends_body *body, void *ctx,
    struct buf *out)
{
    bool is_recursive = false;
    size_t end = 0;
    bool has_list = find_with(sql, dialect, &is_recursive, &end);
    buf_append_str(out, is_recursive ? "WITH RECURSIVE " : "WITH ");
    append_list(endpoint, names, hidden, body, ctx, out);
    buf_append_str(out, has_list ? ",\n" : "\n");
    append_blanks((struct span){.at = sql.at, .len = end}, out);
    buf_append(out, sql.at + end, sql.len - end);
}
