// SPDX-License-Identifier: Apache-2.0
// Reads SQL by its words, without a grammar, and keeps silent wherever it cannot tell. It finds a SELECT by
// going outwards from its LIMIT: the SELECT's own words are those between the surrounding parentheses that
// are no deeper than the LIMIT. Whether columns are unique is the store's to say. The statement's thread.
#include "app/limit_advice.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "text/sql_quote.h"
#include "text/sql_scan.h"

enum { MAX_COLUMNS = 64 }; // of one ORDER BY and its equalities; with more of them there is no advice

struct token {
    struct span text;
    size_t depth; // how many parentheses and brackets are around it; a parenthesis does not count itself
    struct place place; // in the SQL
    bool is_code;       // no parameter
};

struct tokens {
    struct token *items; // owned
    size_t count;        //
};

// The SELECT that a LIMIT belongs to: indexes of tokens.
struct select {
    const struct token *tokens; // borrowed
    size_t depth;               // of its own words
    size_t begin;               // its SELECT
    size_t from;                // its FROM
    size_t order;               // its ORDER, or `end`
    size_t end;                 // its LIMIT, or the end of a paged statement
};

// Columns that the order of rows hangs on.
struct columns {
    struct span names[MAX_COLUMNS];
    size_t count;
    bool is_unclear; // a term that is no plain column, or too many
};

// --- tokens

static void tokens_fini(struct tokens *tokens)
{
    mem_free(tokens->items);
}

static bool is_word(const struct token *token, const char *word)
{
    return token->is_code && span_is_nocase(token->text, word);
}

static bool is_mark(const struct token *token, char mark)
{
    return token->is_code && token->text.len == 1 && token->text.at[0] == mark;
}

static size_t scan_tokens(const struct statement *statement, struct token *items)
{
    struct sql_scan scan;
    size_t count = 0, depth = 0;
    sql_scan_init(&scan, statement->sql, statement->dialect);
    for (;;) {
        struct sql_token next = sql_scan_next_code(&scan);
        if (next.kind == SQL_END || next.kind == SQL_UNTERMINATED || next.kind == SQL_SEMICOLON)
            return count;
        struct token token = {.text = next.text,
            .place = {.line = next.line, .column = next.column},
            .is_code = next.kind == SQL_CODE};
        if ((is_mark(&token, ')') || is_mark(&token, ']')) && depth > 0)
            depth--;
        token.depth = depth;
        if (is_mark(&token, '(') || is_mark(&token, '['))
            depth++;
        if (items != NULL)
            items[count] = token;
        count++;
    }
}

static enum err_code read_tokens(
    const struct statement *statement, struct tokens *ret_tokens, struct err *err)
{
    size_t count = scan_tokens(statement, NULL);
    struct token *items = mem_zalloc(count + 1, sizeof(*items));
    if (items == NULL)
        return err_no_memory(err);
    *ret_tokens = (struct tokens){.items = items, .count = scan_tokens(statement, items)};
    return ERR_NONE;
}

// Reads a name without its quotes; false for any other token.
static bool read_name(const struct token *token, struct span *ret_name)
{
    if (!token->is_code || token->text.len == 0)
        return false;
    struct span text = token->text, name = sql_unquoted(text);
    char first = text.at[0];
    bool is_quoted = name.len > 0 && name.len < text.len;
    bool is_plain = ascii_is_letter(first) || first == '_' || (unsigned char)first >= 0x80;
    if (!is_quoted && (!is_plain || text.at[text.len - 1] == '\'')) // E'…'
        return false;
    *ret_name = name;
    return true;
}

// --- the SELECT around a LIMIT

static size_t find_word(const struct select *select, size_t from, size_t to, const char *word)
{
    for (size_t i = from; i < to; i++) {
        if (select->tokens[i].depth == select->depth && is_word(&select->tokens[i], word))
            return i;
    }
    return to;
}

static bool has_word(const struct select *select, const char *word)
{
    return find_word(select, select->begin, select->end, word) < select->end;
}

// Finds the SELECT whose LIMIT, or end, is at tokens[end]. False when there is none, when it reads no table,
// and when it is inside EXISTS, where any row will do.
static bool find_select(const struct tokens *tokens, size_t end, size_t depth, struct select *ret_select)
{
    struct select select = {.tokens = tokens->items, .depth = depth, .end = end};
    size_t start = end; // just behind the parenthesis around it
    while (start > 0 && tokens->items[start - 1].depth >= depth)
        start--;
    if (start > 1 && is_word(&tokens->items[start - 2], "exists"))
        return false;
    select.begin = find_word(&select, start, end, "select");
    select.from = find_word(&select, select.begin, end, "from");
    if (select.from == end)
        return false;
    select.order = end;
    for (size_t i = select.from; i + 1 < end; i++) {
        if (tokens->items[i].depth == depth && is_word(&tokens->items[i], "order") &&
            is_word(&tokens->items[i + 1], "by"))
            select.order = i;
    }
    *ret_select = select;
    return true;
}

static bool is_compound(const struct select *select)
{
    return has_word(select, "union") || has_word(select, "intersect") || has_word(select, "except");
}

static bool is_grouped(const struct select *select)
{
    return has_word(select, "group") || has_word(select, "distinct");
}

// Whether the SELECT gives one row, the aggregate of all rows.
static bool is_aggregate(const struct select *select)
{
    static const char *const names[] = {"count", "sum", "total", "avg", "min", "max", "group_concat"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t at = find_word(select, select->begin, select->from, names[i]);
        if (at < select->from && is_mark(&select->tokens[at + 1], '('))
            return !has_word(select, "group") && !has_word(select, "over");
    }
    return false;
}

// --- columns

static void add_column(struct columns *columns, struct span name)
{
    if (columns->count == MAX_COLUMNS)
        columns->is_unclear = true;
    else
        columns->names[columns->count++] = name;
}

// Reads the tokens from..to as a plain column: name, or table.name.
static bool read_column(const struct select *select, size_t from, size_t to, struct span *ret_name)
{
    const struct token *tokens = select->tokens;
    struct span table;
    if (to == from + 1)
        return read_name(&tokens[from], ret_name);
    return to == from + 3 && read_name(&tokens[from], &table) && is_mark(&tokens[from + 1], '.') &&
           read_name(&tokens[from + 2], ret_name);
}

// The end of the part that starts at `from` in a list with commas.
static size_t part_end(const struct select *select, size_t from, size_t to)
{
    while (from < to && !(select->tokens[from].depth == select->depth && is_mark(&select->tokens[from], ',')))
        from++;
    return from;
}

// The column that an item of the select list, in from..to, calls `name`; false when it is an expression.
static bool resolve_item(
    const struct select *select, size_t from, size_t to, struct span name, struct span *ret_column)
{
    if (read_column(select, from, to, ret_column) && span_equal_nocase(*ret_column, name))
        return true;
    to--; // the name itself
    if (to > from && is_word(&select->tokens[to - 1], "as"))
        to--;
    return read_column(select, from, to, ret_column);
}

// The column that an ORDER BY means by `name`, which may be a name that the select list gives; false when it
// means an expression.
static bool resolve(const struct select *select, struct span name, struct span *ret_column)
{
    size_t from = select->begin + 1;
    while (from < select->from) {
        size_t to = part_end(select, from, select->from);
        struct span last;
        if (to > from && read_name(&select->tokens[to - 1], &last) && span_equal_nocase(last, name))
            return resolve_item(select, from, to, name, ret_column);
        from = to + 1;
    }
    *ret_column = name;
    return true;
}

// Where a term ends without its ASC or DESC and its NULLS FIRST or LAST.
static size_t without_direction(const struct select *select, size_t from, size_t to)
{
    const struct token *tokens = select->tokens;
    if (to > from + 2 && is_word(&tokens[to - 2], "nulls"))
        to -= 2;
    if (to > from + 1 && (is_word(&tokens[to - 1], "asc") || is_word(&tokens[to - 1], "desc")))
        to--;
    return to;
}

static void read_order(const struct select *select, struct columns *columns)
{
    size_t from = select->order + 2;
    while (from < select->end) {
        size_t comma = part_end(select, from, select->end);
        size_t to = without_direction(select, from, comma);
        struct span name, column;
        bool is_column = read_column(select, from, to, &name);
        bool is_plain = is_column && (to > from + 1 || resolve(select, name, &name));
        column = name;
        if (!is_plain)
            columns->is_unclear = true;
        else
            add_column(columns, column);
        from = comma + 1;
    }
}

// The columns that stand beside an =: their values are the same in all rows, or tied to another column.
static void read_equalities(const struct select *select, struct columns *columns)
{
    const struct token *tokens = select->tokens;
    for (size_t i = select->from + 1; i + 1 < select->order; i++) {
        struct span name;
        if (tokens[i].depth != select->depth || !is_mark(&tokens[i], '=') || is_mark(&tokens[i - 1], '<') ||
            is_mark(&tokens[i - 1], '>') || is_mark(&tokens[i - 1], '!'))
            continue;
        if (read_name(&tokens[i - 1], &name))
            add_column(columns, name);
        bool has_table = i + 3 < select->end && is_mark(&tokens[i + 2], '.');
        if (read_name(&tokens[has_table ? i + 3 : i + 1], &name))
            add_column(columns, name);
    }
}

// --- advice

static const char NO_ORDER[] =
    "a LIMIT without an ORDER BY of its own: which rows it lets through is not sure";
static const char NO_KEY[] =
    "rows that are equal in this ORDER BY come in any order, and the LIMIT cuts between "
    "them: add a unique column at its end, such as the key";
static const char NO_PAGE_KEY[] =
    "the columns of this ORDER BY do not look unique, and a @page needs that they "
    "are: add a unique column at its end, such as the key";

static enum err_code advise_select(const struct select *select, bool is_page, struct store_stmt *stmt,
    const char **ret_text, struct err *err)
{
    struct columns columns = {0};
    bool has_order = select->order < select->end;
    bool is_unique = is_aggregate(select);
    *ret_text = NULL;
    if (has_order && (is_compound(select) || is_grouped(select)))
        return ERR_NONE;
    if (has_order)
        read_order(select, &columns);
    read_equalities(select, &columns);
    if (columns.is_unclear || is_unique)
        return ERR_NONE;
    if (columns.count > 0 && !is_compound(select)) {
        enum err_code code = store_is_unique(stmt, columns.names, columns.count, &is_unique, err);
        if (code != ERR_NONE)
            return code;
    }
    if (!is_unique)
        *ret_text = !has_order ? NO_ORDER : is_page ? NO_PAGE_KEY : NO_KEY;
    return ERR_NONE;
}

enum err_code limit_advise(const struct statement *statement, bool is_paged, struct store_stmt *stmt,
    void (*on_advice)(void *ctx, struct place inside, const char *text), void *ctx, struct err *err)
{
    AUTO(tokens_fini) struct tokens tokens = {0};
    enum err_code code = read_tokens(statement, &tokens, err);
    for (size_t i = 0; code == ERR_NONE && i <= tokens.count; i++) {
        bool is_end = i == tokens.count;
        struct select select;
        const char *text = NULL;
        if (is_end ? !is_paged : !is_word(&tokens.items[i], "limit"))
            continue;
        if (!find_select(&tokens, i, is_end ? 0 : tokens.items[i].depth, &select))
            continue;
        code = advise_select(&select, is_end, stmt, &text, err);
        if (code == ERR_NONE && text != NULL)
            on_advice(ctx, tokens.items[is_end ? select.order : i].place, text);
    }
    return code;
}
