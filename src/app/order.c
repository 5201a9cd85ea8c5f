// SPDX-License-Identifier: Apache-2.0
// Finds the last ORDER BY outside of all parentheses and reads its terms; it needs no more of SQL than that.
// Making pages of the order is page.c's. Pure; any thread.
#include "app/order.h"

#include <stdarg.h>

#include "base/ascii.h"
#include "text/sql_quote.h"
#include "text/sql_scan.h"

// One reading.
struct ordering {
    const char *file;                  //
    const struct statement *statement; // that is read
    const struct answer *answer;       // its columns
    struct diags *diags;               // where errors go
    struct order order;                // the result
};

// At a token of the statement, or at its start.
static void PRINTF_LIKE(3, 4)
    fail_at(const struct ordering *ordering, const struct sql_token *token, const char *format, ...)
{
    va_list args;
    struct place inside = {0};
    if (token != NULL)
        inside = (struct place){.line = token->line, .column = token->column};
    struct place place = statement_place(ordering->statement, inside);
    va_start(args, format);
    diags_vadd(ordering->diags, ordering->file, place.line, place.column, format, args);
    va_end(args);
}

static bool token_is(const struct sql_token *token, const char *word)
{
    return token->kind == SQL_CODE && span_is_nocase(token->text, word);
}

// Finds the last ORDER BY that is in no parentheses; *ret_scan goes on behind it.
static bool find_order(const struct statement *statement, struct sql_scan *ret_scan, size_t *ret_offset)
{
    struct sql_scan scan;
    size_t depth = 0;
    bool found = false;
    sql_scan_init(&scan, statement->sql, statement->dialect);
    for (struct sql_token token = sql_scan_next_code(&scan); token.kind != SQL_END;) {
        struct sql_token after = sql_scan_next_code(&scan);
        if (token_is(&token, "("))
            depth++;
        else if (token_is(&token, ")"))
            depth -= depth > 0;
        else if (depth == 0 && token_is(&token, "ORDER") && token_is(&after, "BY")) {
            *ret_scan = scan;
            *ret_offset = token.offset;
            found = true;
        }
        token = after;
    }
    return found;
}

// Whether a name as SQL has it means the column: exactly, or in other letters, as SQL does not tell them
// apart.
static bool names_column(struct span name, struct span column, bool exactly)
{
    char quote = sql_closing_quote(name); // is doubled in the name
    name = sql_unquoted(name);
    size_t i = 0, k = 0;
    for (; i < name.len && k < column.len; i++, k++) {
        if (exactly ? name.at[i] != column.at[k] : ascii_lower(name.at[i]) != ascii_lower(column.at[k]))
            return false;
        if (quote != '\0' && name.at[i] == quote)
            i++;
    }
    return i == name.len && k == column.len;
}

static bool find_column(const struct answer *answer, struct span name, size_t *ret_column)
{
    for (int exactly = 1; exactly >= 0; exactly--) {
        for (size_t i = 0; i < answer->count; i++) {
            if (names_column(name, answer->columns[i].name, exactly)) {
                *ret_column = i;
                return true;
            }
        }
    }
    return false;
}

static bool is_limit(const struct sql_token *token)
{
    return token_is(token, "LIMIT") || token_is(token, "OFFSET") || token_is(token, "FETCH");
}

// A term that is no name of the answer's, with the cure where it is a column with its table in front.
static void fail_term(const struct ordering *ordering, struct sql_scan scan, const struct sql_token *name)
{
    struct sql_token dot = sql_scan_next_code(&scan), behind = sql_scan_next_code(&scan);
    size_t column;
    if (!token_is(&dot, ".") || behind.kind != SQL_CODE)
        fail_at(ordering, name, "@page orders by names of the answer's columns, and \"%.*s\" is none",
            SHOW(name->text));
    else if (find_column(ordering->answer, behind.text, &column))
        fail_at(ordering, name, "@page orders by names of the answer's columns: write %.*s for %.*s.%.*s",
            SHOW(behind.text), SHOW(name->text), SHOW(behind.text));
    else
        fail_at(ordering, name,
            "@page orders by names of the answer's columns: select %.*s.%.*s AS %.*s, and order by %.*s",
            SHOW(name->text), SHOW(behind.text), SHOW(behind.text), SHOW(behind.text));
}

// Reads a term, a name with ASC or DESC and the place of nulls, and what ends it; false after an error.
static bool read_term(struct ordering *ordering, struct sql_scan *scan, struct sql_token *ret_end)
{
    struct order *order = &ordering->order;
    struct sql_token name = sql_scan_next_code(scan);
    struct order_key key = {0};
    if (name.kind != SQL_CODE || !find_column(ordering->answer, name.text, &key.column)) {
        fail_term(ordering, *scan, &name);
        return false;
    }
    struct sql_token end = sql_scan_next_code(scan);
    key.descending = token_is(&end, "DESC");
    if (key.descending || token_is(&end, "ASC"))
        end = sql_scan_next_code(scan);
    if (token_is(&end, "NULLS")) {
        end = sql_scan_next_code(scan);
        key.nulls = token_is(&end, "FIRST") ? ORDER_NULLS_FIRST : ORDER_NULLS_LAST;
        end = sql_scan_next_code(scan); // another word than these, the database has refused
    }
    if (is_limit(&end)) {
        fail_at(ordering, &end, "@page sets the limit itself: leave out %.*s", SHOW(end.text));
        return false;
    }
    if (end.kind != SQL_END && !token_is(&end, ",")) {
        fail_at(ordering, &end, "@page orders by names, with ASC or DESC at most, and not by \"%.*s %.*s\"",
            SHOW(name.text), SHOW(end.text));
        return false;
    }
    if (order->count == CURSOR_KEYS) {
        fail_at(ordering, &name, "@page orders by at most %d columns", CURSOR_KEYS);
        return false;
    }
    order->keys[order->count++] = key;
    *ret_end = end;
    return true;
}

bool order_read(const char *file, const struct statement *statement, const struct answer *answer,
    struct diags *diags, struct order *ret_order)
{
    struct ordering ordering = {.file = file, .statement = statement, .answer = answer, .diags = diags};
    struct sql_scan scan;
    struct sql_token end;
    size_t offset = 0;
    if (!find_order(statement, &scan, &offset)) {
        fail_at(&ordering, NULL, "@page needs a statement that ends with ORDER BY and names of its columns");
        return false;
    }
    ordering.order.body = (struct span){.at = statement->sql.at, .len = offset};
    do {
        if (!read_term(&ordering, &scan, &end))
            return false;
    } while (end.kind != SQL_END);
    *ret_order = ordering.order;
    return true;
}
