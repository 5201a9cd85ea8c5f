// SPDX-License-Identifier: Apache-2.0
// From  SELECT … ORDER BY day DESC, id DESC  become
//     SELECT * FROM (SELECT …) AS page ORDER BY "day" DESC, "id" DESC LIMIT :limit + 1
//     SELECT * FROM (SELECT …) AS page WHERE ("day", "id") < (:K1, :K2) ORDER BY … LIMIT :limit + 1
// where :K1 and :K2 are the keys of the cursor. That condition, or  "day" <= :K1 AND (…)  where the
// directions differ, begins with a bound of the first column, for an index to start at.
//
// Nulls compare with nothing, so where a column may have some, conditions ask for them in so many words. If
// it is the first column, no single range of an index has all that is behind a cursor. Then there is a part
// for each range, of which the first and the second, or the third and the second, have rows:
//     "initial" > :K1, or equal and behind in the other columns
//     "initial" IS NULL, when :K1 is not null and nulls come last (or the reverse)
//     "initial" IS NULL, when :K1 is null, and behind in the other columns
// A comparison with a null key finds nothing, and the database looks at conditions on keys alone before it
// reads a row. Each part has a limit of its own, so what is put in order is some rows of each.
//
// Preparing and running them is page.c's. Pure; any thread.
#include "app/page_sql.h"

#include "text/sql_quote.h"
#include "text/sql_scan.h"

static bool is_descending(const struct page_sql *sql, size_t key)
{
    return sql->order->keys[key].descending;
}

static void append_name(struct buf *out, const struct page_sql *sql, size_t key)
{
    sql_append_name(out, sql->answer->columns[sql->order->keys[key].column].name);
}

// "name" op :Kn
static void append_comparison(struct buf *out, const struct page_sql *sql, size_t key, const char *operator)
{
    append_name(out, sql, key);
    buf_printf(out, " %s :K%zu", operator, key + 1);
}

// "name" IS [NOT] NULL AND :Kn IS [NOT] NULL
static void append_nulls(
    struct buf *out, const struct page_sql *sql, size_t key, bool column_is_null, bool key_is_null)
{
    append_name(out, sql, key);
    buf_printf(out, " IS %sNULL AND :K%zu IS %sNULL", column_is_null ? "" : "NOT ", key + 1,
        key_is_null ? "" : "NOT ");
}

// Whether the columns from `first` on go in one direction and have no nulls.
static bool is_simple(const struct page_sql *sql, size_t first)
{
    for (size_t i = first; i < sql->order->count; i++) {
        if (sql->may_be_null[i] || is_descending(sql, i) != is_descending(sql, first))
            return false;
    }
    return true;
}

// Whether the columns behind the first may be compared with the cursor together with it.
static bool goes_together(const struct page_sql *sql)
{
    return sql->order->count == 1 || (is_simple(sql, 1) && is_descending(sql, 1) == is_descending(sql, 0));
}

// (a, b) > (:K1, :K2), of the columns from `first` on.
static void append_together(struct buf *out, const struct page_sql *sql, size_t first)
{
    for (size_t i = first; i < sql->order->count; i++) {
        buf_append_byte(out, i == first ? '(' : ',');
        append_name(out, sql, i);
    }
    buf_append_str(out, is_descending(sql, first) ? ") < " : ") > ");
    for (size_t i = first; i < sql->order->count; i++)
        buf_printf(out, "%c:K%zu", i == first ? '(' : ',', i + 1);
    buf_append_byte(out, ')');
}

// The row's key is behind the cursor's. First what tells the database the type of :Kn.
static void append_behind(struct buf *out, const struct page_sql *sql, size_t key)
{
    append_comparison(out, sql, key, is_descending(sql, key) ? "<" : ">");
    if (!sql->may_be_null[key])
        return;
    buf_append_str(out, " OR (");
    append_nulls(out, sql, key, sql->nulls_last[key], !sql->nulls_last[key]);
    buf_append_byte(out, ')');
}

static void append_equal(struct buf *out, const struct page_sql *sql, size_t key)
{
    if (sql->may_be_null[key])
        buf_append_byte(out, '(');
    append_comparison(out, sql, key, "=");
    if (!sql->may_be_null[key])
        return;
    buf_append_str(out, " OR (");
    append_nulls(out, sql, key, true, true);
    buf_append_str(out, "))");
}

// (a > :K1 OR (a = :K1 AND (b < :K2 OR (b = :K2 AND c > :K3)))), of the columns from `first` on.
static void append_one_by_one(struct buf *out, const struct page_sql *sql, size_t first)
{
    size_t count = sql->order->count;
    for (size_t i = first; i < count; i++) {
        buf_append_byte(out, '(');
        append_behind(out, sql, i);
        if (i + 1 < count) {
            buf_append_str(out, " OR (");
            append_equal(out, sql, i);
            buf_append_str(out, " AND ");
        }
    }
    for (size_t i = first; i + 1 < count; i++)
        buf_append_str(out, "))");
    buf_append_byte(out, ')');
}

// The rows behind a cursor in the columns from `first` on.
static void append_rest(struct buf *out, const struct page_sql *sql, size_t first)
{
    if (is_simple(sql, first))
        append_together(out, sql, first);
    else
        append_one_by_one(out, sql, first);
}

// The rows behind a cursor whose first key is not null, and whose own is not.
static void append_range(struct buf *out, const struct page_sql *sql)
{
    if (goes_together(sql)) {
        append_together(out, sql, 0);
        return;
    }
    append_comparison(out, sql, 0, is_descending(sql, 0) ? "<=" : ">=");
    buf_append_str(out, " AND ");
    append_one_by_one(out, sql, 0);
}

static void append_order(struct buf *out, const struct page_sql *sql)
{
    buf_append_str(out, "\nORDER BY ");
    for (size_t i = 0; i < sql->order->count; i++) {
        const struct order_key *key = &sql->order->keys[i];
        if (i > 0)
            buf_append_str(out, ", ");
        append_name(out, sql, i);
        if (key->descending)
            buf_append_str(out, " DESC");
        if (key->nulls != ORDER_NULLS_UNSAID)
            buf_append_str(out, key->nulls == ORDER_NULLS_FIRST ? " NULLS FIRST" : " NULLS LAST");
    }
    buf_append_str(out, " LIMIT :");
    buf_append(out, sql->limit.at, sql->limit.len);
    buf_append_str(out, " + 1");
}

// The statement's own text ends with a line feed, as its last line may be a comment.
static void append_body(struct buf *out, const struct page_sql *sql)
{
    buf_append_byte(out, '(');
    buf_append(out, sql->order->body.at, sql->order->body.len);
    buf_append_str(out, "\n)");
}

static void append_page(struct buf *out, const struct page_sql *sql)
{
    buf_append_str(out, "SELECT * FROM ");
    append_body(out, sql);
    buf_append_str(out, " AS page");
}

// --- behind a cursor, where the first column may be null

enum part { PART_RANGE, PART_OTHERS, PART_NULLS, PARTS };

static void append_part_condition(struct buf *out, const struct page_sql *sql, enum part part)
{
    switch (part) {
    case PART_RANGE:
        append_range(out, sql);
        break;
    case PART_OTHERS: // nulls behind values, or values behind nulls
        append_nulls(out, sql, 0, sql->nulls_last[0], !sql->nulls_last[0]);
        break;
    case PART_NULLS:
        append_nulls(out, sql, 0, true, true);
        buf_append_str(out, " AND ");
        append_rest(out, sql, 1);
        break;
    case PARTS:
        break;
    }
}

static void append_parts(struct buf *out, const struct page_sql *sql)
{
    // Without one column more, no row with a null is behind another one.
    enum part end = sql->order->count > 1 ? PARTS : PART_NULLS;
    buf_append_str(out, "WITH reckoner_page AS NOT MATERIALIZED ");
    append_body(out, sql);
    buf_append_str(out, "\nSELECT * FROM (");
    for (enum part part = PART_RANGE; part < end; part++) {
        buf_append_str(out, part > PART_RANGE ? "\nUNION ALL " : "");
        buf_append_str(out, "SELECT * FROM (SELECT * FROM reckoner_page WHERE ");
        append_part_condition(out, sql, part);
        append_order(out, sql);
        buf_printf(out, ") AS part%u", (unsigned)part);
    }
    buf_append_str(out, ") AS page");
}

// --- all of them

void page_sql_first(const struct page_sql *sql, struct buf *out)
{
    append_page(out, sql);
    append_order(out, sql);
}

void page_sql_next(const struct page_sql *sql, struct buf *out)
{
    if (sql->may_be_null[0]) {
        append_parts(out, sql);
    } else {
        append_page(out, sql);
        buf_append_str(out, "\nWHERE ");
        append_range(out, sql);
    }
    append_order(out, sql);
}

bool page_sql_hidden(const struct page_sql *sql, struct buf *out)
{
    bool any = false;
    for (size_t i = 0; i < sql->order->count; i++) {
        if (sql->may_be_null[i] || !sql->nulls_last[i])
            continue;
        if (!any)
            append_page(out, sql);
        buf_append_str(out, any ? " OR " : "\nWHERE ");
        append_name(out, sql, i);
        buf_append_str(out, " IS NULL");
        any = true;
    }
    if (any)
        buf_append_str(out, " LIMIT 1");
    return any;
}

// --- what makes nulls

static bool is_one_of(struct span word, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (span_is_nocase(word, *words))
            return true;
    }
    return false;
}

bool page_sql_makes_nulls(const struct statement *statement)
{
    static const char *const makers[] = {"LEFT", "RIGHT", "FULL", "UNION", "EXCEPT", "INTERSECT", "ROLLUP",
        "CUBE", "GROUPING", "LATERAL", "RETURNING", NULL};
    // Before a query in brackets that is no value of a row.
    static const char *const before_tables[] = {
        "FROM", "JOIN", "AS", "MATERIALIZED", "IN", "EXISTS", "(", NULL};
    struct span before = {0}, bracket = {0}; // the last word, and what stood before it when it was "("
    struct sql_scan scan;
    sql_scan_init(&scan, statement->sql, statement->dialect);
    for (struct sql_token token; (token = sql_scan_next_code(&scan)).kind != SQL_END;) {
        if (token.kind == SQL_CODE && is_one_of(token.text, makers))
            return true;
        bool is_query =
            token.kind == SQL_CODE && span_is_nocase(token.text, "SELECT") && span_is(before, "(");
        if (is_query && !is_one_of(bracket, before_tables))
            return true;
        bracket = before;
        before = token.text;
    }
    return false;
}
