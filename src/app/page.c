// SPDX-License-Identifier: Apache-2.0
// Pages by keys, not by counting: a page goes on behind the last row of the one before it, so an index on the
// order finds its first row at once, however far down the pages it is, and rows that come or go meanwhile
// neither repeat nor hide others. The ORDER BY is read by order.c, the
// statements are written by page_sql.c, the cursor is packed by cursor.c. The plan's thread.
//
// The row more than the limit tells whether there is a next page. Nulls are values like any other, behind or
// in front of all others, in columns that may have some: those that no table declares NOT NULL. An error of
// the app is an order that is not unique, and a null where there can be none: a page that leaves rows out
// would look like a whole one.
#include "app/page.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "app/cursor.h"
#include "app/order.h"
#include "app/page_sql.h"
#include "base/mem.h"
#include "text/number.h"

enum { SQL_BYTES = 4 * LIMIT_APP_FILE_BYTES };

struct page {
    const struct endpoint *endpoint; // borrowed
    const struct answer *answer;     // borrowed
    struct order order;              // of its rows
    uint32_t hash;                   // of the statement, as its cursors have it
    struct store_name *names;        // the arena's: the endpoint's parameters, then the keys
    struct store_stmt *first;        // owned; without a cursor
    struct store_stmt *next;         // owned; behind one
    struct store_stmt *hidden;       // owned; a row that no page behind the first shows; NULL: none can be
    bool may_be_null[CURSOR_KEYS];   // by column of the order
    struct cursor given;             // of the page that is bound, as the client sent it; its keys are bound
    struct cursor last;              // of the row that ends the page
    struct cursor behind;            // of the row behind it, to see whether that is found
    char text[CURSOR_CHARS];         // the same, for the client
    struct value *bound;             // the arena's: the parameters and keys of the page that is bound
    uint64_t limit;                  // rows of the page that is bound
    bool is_behind;                  // it has a cursor
};

// What building needs everywhere.
struct building {
    struct page *page;                 // filled
    const struct statement *statement; // that is wrapped
    struct store_conn *conn;           // on which to prepare
    struct diags *diags;               // where errors of the file go
    struct err *err;                   // where others go
};

// --- the statements

static enum err_code prepare(struct building *building, const struct buf *sql, struct store_stmt **ret_stmt)
{
    const struct page *page = building->page;
    const struct statement *statement = building->statement;
    struct err wrong = {0};
    if (buf_status(sql) != ERR_NONE)
        return err_no_memory(building->err);
    enum err_code code = store_prepare(building->conn, buf_span(sql), page->names,
        page->endpoint->param_count + page->order.count, ret_stmt, &wrong);
    if (code == ERR_CONFIG) {
        diags_add(building->diags, page->endpoint->file, statement->line, statement->column,
            "@page cannot take this statement apart: %s", wrong.text);
        return ERR_NONE;
    }
    if (code != ERR_NONE)
        return err_set(
            building->err, code, "%s:%u: %s", page->endpoint->file, (unsigned)statement->line, wrong.text);
    return ERR_NONE;
}

static bool has_columns_of(const struct store_stmt *stmt, const struct answer *answer)
{
    if (store_column_count(stmt) != answer->count)
        return false;
    for (size_t i = 0; i < answer->count; i++) {
        if (!span_is(answer->columns[i].name, store_column_name(stmt, i)))
            return false;
    }
    return true;
}

// The answer was found out from the statement alone, a moment before the pages were prepared. Their own
// columns do not tell, as SQLite calls some of a subquery's otherwise.
static enum err_code check_unchanged(const struct building *building)
{
    const struct endpoint *endpoint = building->page->endpoint;
    struct store_stmt *stmt = NULL;
    struct err wrong = {0};
    enum err_code code = store_prepare(building->conn, building->statement->sql, endpoint->param_names,
        endpoint->param_count, &stmt, &wrong);
    bool is_unchanged = code == ERR_NONE && has_columns_of(stmt, building->page->answer);
    store_finalize(stmt);
    if (code != ERR_NONE && code != ERR_CONFIG)
        return err_set(building->err, code, "%s", wrong.text);
    return is_unchanged
               ? ERR_NONE
               : err_set(building->err, ERR_STALE, "the tables have changed under the statement: try again");
}

// Finds out which columns of the order may be null, once the statement of the first page is there.
static enum err_code find_nulls(const struct building *building, struct page_sql *sql)
{
    const struct page *page = building->page;
    bool makes_nulls = page_sql_makes_nulls(building->statement);
    bool are_largest = store_nulls_are_largest(building->conn);
    for (size_t i = 0; i < page->order.count; i++) {
        const struct order_key *key = &page->order.keys[i];
        bool is_not_null = false;
        enum err_code code =
            makes_nulls ? ERR_NONE
                        : store_column_not_null(page->first, key->column, &is_not_null, building->err);
        if (code != ERR_NONE)
            return code;
        sql->may_be_null[i] = !is_not_null;
        sql->nulls_last[i] = key->nulls == ORDER_NULLS_UNSAID ? key->descending != are_largest
                                                              : key->nulls == ORDER_NULLS_LAST;
    }
    return ERR_NONE;
}

static enum err_code prepare_all(struct building *building)
{
    struct page *page = building->page;
    const struct endpoint *endpoint = page->endpoint;
    struct page_sql sql = {
        .answer = page->answer, .order = &page->order, .limit = endpoint->params[endpoint->limit_param].name};
    AUTO(buf_fini) struct buf text;
    buf_init(&text, SQL_BYTES);
    page_sql_first(&sql, &text);
    enum err_code code = prepare(building, &text, &page->first);
    if (code == ERR_NONE && page->first != NULL)
        code = find_nulls(building, &sql);
    if (code != ERR_NONE || page->first == NULL)
        return code;
    memcpy(page->may_be_null, sql.may_be_null, sizeof(page->may_be_null));
    buf_clear(&text);
    page_sql_next(&sql, &text);
    code = prepare(building, &text, &page->next);
    if (code != ERR_NONE || page->next == NULL)
        return code;
    page->hash = (uint32_t)XXH64(text.data, text.len, 0);
    buf_clear(&text);
    if (page_sql_hidden(&sql, &text))
        code = prepare(building, &text, &page->hidden);
    return code == ERR_NONE ? check_unchanged(building) : code;
}

// The names that the statements may use, and room for their values.
static enum err_code make_names(struct page *page, struct arena *arena, struct err *err)
{
    const struct endpoint *endpoint = page->endpoint;
    size_t count = endpoint->param_count;
    page->names = arena_zalloc(arena, count + page->order.count, sizeof(*page->names));
    page->bound = arena_zalloc(arena, count + page->order.count, sizeof(*page->bound));
    if (page->names == NULL || page->bound == NULL)
        return err_no_memory(err);
    memcpy(page->names, endpoint->param_names, count * sizeof(*page->names));
    for (size_t i = 0; i < page->order.count; i++) {
        const struct answer_column *column = &page->answer->columns[page->order.keys[i].column];
        char number[NUMBER_CHARS + 1] = "K";
        size_t len = 1 + number_format_integer((int64_t)i + 1, number + 1);
        const char *name = arena_strndup(arena, number, len);
        if (name == NULL)
            return err_no_memory(err);
        page->names[count + i] = (struct store_name){.name = {.at = name, .len = len},
            .type = column->is_declared ? column->type.type : TYPE_TEXT,
            .is_page_key = true};
    }
    return ERR_NONE;
}

enum err_code page_new(const struct endpoint *endpoint, const struct statement *statement,
    const struct answer *answer, struct store_conn *conn, struct arena *arena, struct diags *diags,
    struct page **ret_page, struct err *err)
{
    struct order order;
    if (!order_read(endpoint->file, statement, answer, diags, &order))
        return ERR_NONE;
    struct page *page = mem_zalloc(1, sizeof(*page));
    if (page == NULL)
        return err_no_memory(err);
    page->endpoint = endpoint;
    page->answer = answer;
    page->order = order;
    struct building building = {
        .page = page, .statement = statement, .conn = conn, .diags = diags, .err = err};
    enum err_code code = make_names(page, arena, err);
    if (code == ERR_NONE)
        code = prepare_all(&building);
    if (code != ERR_NONE || page->next == NULL) {
        page_free(page);
        return code;
    }
    *ret_page = page;
    return ERR_NONE;
}

const struct store_stmt *page_statement(const struct page *page, size_t number)
{
    const struct store_stmt *const all[PAGE_STATEMENTS] = {page->first, page->next, page->hidden};
    return all[number];
}

void page_free(struct page *page)
{
    if (page == NULL)
        return;
    store_finalize(page->first);
    store_finalize(page->next);
    store_finalize(page->hidden);
    mem_free(page);
}

// --- running

static enum err_code fail_cursor(struct err *err)
{
    return err_set(
        err, ERR_INVALID, "the cursor is none of this endpoint as it is now: start again without it");
}

enum err_code page_bind(
    struct page *page, const struct value *params, struct store_stmt **ret_stmt, struct err *err)
{
    const struct endpoint *endpoint = page->endpoint;
    size_t count = endpoint->param_count;
    const struct value *cursor = &params[endpoint->cursor_param];
    struct store_stmt *stmt = page->first;
    memcpy(page->bound, params, count * sizeof(*params));
    assert(params[endpoint->limit_param].kind == VALUE_INTEGER); // it has a default
    page->limit = (uint64_t)params[endpoint->limit_param].integer;
    page->is_behind = cursor->kind == VALUE_TEXT;
    if (page->is_behind) {
        stmt = page->next;
        if (!cursor_from_text(cursor->text, &page->given) ||
            !cursor_unpack(&page->given, page->hash, page->order.count, page->bound + count))
            return fail_cursor(err);
    } else {
        for (size_t i = 0; i < page->order.count; i++)
            page->bound[count + i] = (struct value){.kind = VALUE_NULL};
    }
    for (size_t i = 0; page->is_behind && i < page->order.count; i++) {
        if (page->bound[count + i].kind == VALUE_NULL && !page->may_be_null[i])
            return fail_cursor(err);
    }
    enum err_code code = store_bind(stmt, page->bound, err);
    if (code == ERR_NONE)
        *ret_stmt = stmt;
    return code;
}

static struct span key_name(const struct page *page, size_t key)
{
    return page->answer->columns[page->order.keys[key].column].name;
}

static enum err_code fail_null(const struct page *page, size_t key, struct err *err)
{
    struct span name = key_name(page, key);
    err_set(err, ERR_STORE, "a row has no %.*s, and @page orders by it", SHOW(name));
    err_hint(err, "order by columns without nulls: coalesce(…) AS %.*s, or leave such rows out", SHOW(name));
    return err->code;
}

static enum err_code read_keys(
    const struct page *page, struct store_stmt *stmt, struct value *ret_keys, struct err *err)
{
    for (size_t i = 0; i < page->order.count; i++) {
        enum err_code code = store_key(stmt, page->order.keys[i].column, &ret_keys[i], err);
        if (code != ERR_NONE)
            return code;
        if (ret_keys[i].kind == VALUE_NULL && !page->may_be_null[i])
            return fail_null(page, i, err);
    }
    return ERR_NONE;
}

// A number's digits, without a point and a zero behind it.
static struct span digits_of(const struct value *value, char room[NUMBER_CHARS])
{
    struct span digits = value_show(*value, room);
    if (digits.len > 2 && memcmp(digits.at + digits.len - 2, ".0", 2) == 0)
        digits.len -= 2;
    return digits;
}

static bool are_equal(const struct value *a, const struct value *b)
{
    char one[NUMBER_CHARS], other[NUMBER_CHARS];
    if (a->kind == VALUE_NULL || b->kind == VALUE_NULL)
        return a->kind == b->kind;
    if (a->kind == VALUE_TEXT || b->kind == VALUE_TEXT)
        return a->kind == b->kind && span_equal(a->text, b->text);
    if (a->kind == VALUE_DECIMAL || b->kind == VALUE_DECIMAL)
        return span_equal(digits_of(a, one), digits_of(b, other));
    if (a->kind == VALUE_INTEGER && b->kind == VALUE_INTEGER)
        return a->integer == b->integer;
    if (a->kind == VALUE_REAL && b->kind == VALUE_REAL)
        return a->real == b->real || (isnan(a->real) && isnan(b->real));
    double real = a->kind == VALUE_REAL ? a->real : b->real;
    int64_t integer = a->kind == VALUE_REAL ? b->integer : a->integer;
    return real == (double)integer && real < 0x1p63 && (int64_t)real == integer;
}

static bool are_all_equal(const struct page *page, const struct value *a, const struct value *b)
{
    for (size_t i = 0; i < page->order.count; i++) {
        if (!are_equal(&a[i], &b[i]))
            return false;
    }
    return true;
}

// Asks the database for the first row behind `last`, the page's last row, which has to be the one that is
// known to come next: columns of mixed types, and rows that only a collation takes for alike, would be left
// out without a word. Ends the run of `stmt`.
static enum err_code check_next(struct page *page, struct store_stmt *stmt, const struct value *last,
    const struct value *keys, struct err *err)
{
    const struct endpoint *endpoint = page->endpoint;
    struct value expected[CURSOR_KEYS], found[CURSOR_KEYS];
    bool has_row = false;
    if (cursor_pack(page->hash, keys, page->order.count, &page->behind) != CURSOR_OK ||
        !cursor_unpack(&page->behind, page->hash, page->order.count, expected))
        return ERR_NONE; // keys that no cursor can hold: the next page says so
    store_reset(stmt);   // which may be page->next
    memcpy(page->bound + endpoint->param_count, last, page->order.count * sizeof(*last));
    page->bound[endpoint->limit_param] = (struct value){.kind = VALUE_INTEGER, .integer = 1};
    enum err_code code = store_bind(page->next, page->bound, err);
    if (code == ERR_NONE)
        code = store_step(page->next, &has_row, err);
    if (code == ERR_NONE && has_row)
        code = read_keys(page, page->next, found, err);
    if (code == ERR_NONE && (!has_row || !are_all_equal(page, found, expected))) {
        err_set(err, ERR_STORE, "the row behind a page is not the one that comes next in its order");
        err_hint(err, "order by columns of one type each and no collation, unique together and by name");
        code = err->code;
    }
    store_reset(page->next);
    return code;
}

// There is a row behind the page: `keys` are its. The page's last row has packed its own as `packed` says.
// Ends the run of `stmt`.
static enum err_code end_page(struct page *page, struct store_stmt *stmt, const struct value *keys,
    enum cursor_result packed, struct span *ret_cursor, struct err *err)
{
    struct value last[CURSOR_KEYS];
    if (packed == CURSOR_TOO_LONG) {
        err_set(
            err, ERR_STORE, "the columns that @page orders by hold more than %d bytes", LIMIT_CURSOR_BYTES);
        err_hint(err, "order by shorter columns");
        return err->code;
    }
    if (packed != CURSOR_OK || !cursor_unpack(&page->last, page->hash, page->order.count, last))
        return err_set(err, ERR_STORE, "a column that @page orders by holds text that is not UTF-8");
    if (are_all_equal(page, last, keys)) {
        err_set(err, ERR_STORE, "two rows are alike in all that @page orders by");
        err_hint(err, "add a unique column to the end of its ORDER BY");
        return err->code;
    }
    enum err_code code = check_next(page, stmt, last, keys, err);
    if (code != ERR_NONE)
        return code;
    *ret_cursor = (struct span){.at = page->text, .len = cursor_to_text(&page->last, page->text)};
    return ERR_NONE;
}

// The last page: there must be no row that no page has shown.
static enum err_code check_hidden(struct page *page, struct err *err)
{
    struct value keys[CURSOR_KEYS];
    bool has_row = false;
    if (!page->is_behind || page->hidden == NULL)
        return ERR_NONE;
    enum err_code code = store_bind(page->hidden, page->bound, err);
    if (code == ERR_NONE)
        code = store_step(page->hidden, &has_row, err);
    if (code == ERR_NONE && has_row)
        code = read_keys(page, page->hidden, keys, err);
    store_reset(page->hidden);
    return code;
}

static bool are_mixed(const struct page *page, const struct value *a, const struct value *b)
{
    for (size_t i = 0; i < page->order.count; i++) {
        bool are_there = a[i].kind != VALUE_NULL && b[i].kind != VALUE_NULL;
        if (are_there && (a[i].kind == VALUE_TEXT) != (b[i].kind == VALUE_TEXT))
            return true;
    }
    return false;
}

// A column has texts or numbers: where they are mixed, an order and a comparison need not agree. `before` is
// the row before in the page; NULL: that is the cursor's, which need not be one that was given out.
static enum err_code check_kinds(
    const struct page *page, const struct value *keys, const struct value *before, struct err *err)
{
    const struct value *given = page->bound + page->endpoint->param_count;
    if (before == NULL)
        return page->is_behind && are_mixed(page, keys, given) ? fail_cursor(err) : ERR_NONE;
    if (!are_mixed(page, keys, before))
        return ERR_NONE;
    err_set(err, ERR_STORE, "a column that @page orders by has a text in one row and a number in another");
    err_hint(err, "order by columns of one type each: CAST(… AS text) AS name");
    return err->code;
}

enum err_code page_write(struct page *page, struct store_stmt *stmt, struct answer_run *run,
    struct span *ret_cursor, struct err *err)
{
    struct value keys[CURSOR_KEYS] = {0}, before[CURSOR_KEYS] = {0};
    struct span cursor = {0};
    enum cursor_result packed = CURSOR_OK;
    bool has_row = false, has_next = false;
    enum err_code code = ERR_NONE;
    answer_start(run);
    while (!has_next && (code = store_step(stmt, &has_row, err)) == ERR_NONE && has_row) {
        code = read_keys(page, stmt, keys, err);
        if (code == ERR_NONE)
            code = check_kinds(page, keys, run->rows > 0 ? before : NULL, err);
        memcpy(before, keys, sizeof(before)); // check_kinds looks at the kinds of value only
        if (code == ERR_NONE && run->rows == page->limit) {
            has_next = true;
            code = end_page(page, stmt, keys, packed, &cursor, err);
        } else if (code == ERR_NONE) {
            code = answer_row(run, stmt, err);
            if (run->rows == page->limit)
                packed = cursor_pack(page->hash, keys, page->order.count, &page->last);
        }
        if (code != ERR_NONE)
            break;
    }
    if (code == ERR_NONE && !has_next)
        code = check_hidden(page, err);
    if (code == ERR_NONE)
        code = answer_end(run, err);
    if (code == ERR_NONE)
        *ret_cursor = cursor;
    return code;
}
