// SPDX-License-Identifier: Apache-2.0
// Reads the parts of the statement that count by their words, outside of brackets; whatever is out of the
// ordinary proves nothing. To watch the rows of an upsert instead (twice.c) costs a batch of sums 7 % of its
// time. No state.
#include "store/sqlite/grouped.h"

#include <stddef.h>

#include "base/ascii.h"
#include "text/sql_scan.h"

enum { MAX_WORDS = 1000, MAX_ITEMS = 32 }; // of a statement that is looked at

struct words {
    struct span at[MAX_WORDS];
    size_t count;
};

// Items of a list, as the words from `first` up to `end`.
struct items {
    struct item {
        size_t first, end;
    } at[MAX_ITEMS];
    size_t count;
};

static bool read_words(struct span sql, struct words *ret_words)
{
    struct sql_scan scan;
    struct sql_token token;
    ret_words->count = 0;
    sql_scan_init(&scan, sql, SQL_SQLITE);
    while ((token = sql_scan_next_code(&scan)).kind != SQL_END) {
        if (ret_words->count == MAX_WORDS)
            return false;
        ret_words->at[ret_words->count++] = token.text;
    }
    return true;
}

static bool is_at(const struct words *words, size_t at, const char *word)
{
    return at < words->count && span_is_nocase(words->at[at], word);
}

// The first such word from `at` on outside of brackets that open behind `at`; the number of words: none.
static size_t find(const struct words *words, size_t at, const char *word)
{
    size_t depth = 0;
    for (; at < words->count; at++) {
        if (depth == 0 && is_at(words, at, word))
            return at;
        if (is_at(words, at, "("))
            depth++;
        else if (is_at(words, at, ")") && depth > 0)
            depth--;
    }
    return at;
}

// The items between commas from `at` up to `end`.
static bool read_items(const struct words *words, size_t at, size_t end, struct items *ret_items)
{
    ret_items->count = 0;
    while (at < end) {
        size_t comma = find(words, at, ",");
        size_t behind = comma < end ? comma : end;
        if (ret_items->count == MAX_ITEMS || behind == at)
            return false;
        ret_items->at[ret_items->count++] = (struct item){.first = at, .end = behind};
        at = behind + 1;
    }
    return ret_items->count > 0;
}

static bool are_alike(const struct words *words, struct item a, struct item b)
{
    if (a.end - a.first != b.end - b.first)
        return false;
    for (size_t i = 0; i < a.end - a.first; i++) {
        if (!span_equal(words->at[a.first + i], words->at[b.first + i]))
            return false;
    }
    return true;
}

static bool has_item(const struct words *words, const struct items *items, struct item item)
{
    for (size_t i = 0; i < items->count; i++) {
        if (are_alike(words, items->at[i], item))
            return true;
    }
    return false;
}

// Whether what is grouped by goes into a column of the key. A number would be the place of a column.
static bool is_of_key(const struct words *words, struct item group, const struct items *selected,
    const struct items *columns, const struct items *key)
{
    if (ascii_is_digit(words->at[group.first].at[0]))
        return false;
    for (size_t i = 0; i < selected->count; i++) {
        if (are_alike(words, selected->at[i], group) && has_item(words, key, columns->at[i]))
            return true;
    }
    return false;
}

bool sqlite_is_grouped(struct span sql)
{
    struct words words;
    struct items columns, selected, groups, key;
    if (!read_words(sql, &words) || !is_at(&words, 0, "insert") || !is_at(&words, 1, "into") ||
        !is_at(&words, 3, "("))
        return false;
    size_t columns_end = find(&words, 4, ")");
    size_t select = find(&words, columns_end + 1, "select");
    size_t from = find(&words, select + 1, "from"), group = find(&words, from + 1, "group");
    size_t on = find(&words, group + 1, "on"), key_end = find(&words, on + 3, ")");
    if (find(&words, select + 1, "select") < words.count || !is_at(&words, group + 1, "by") ||
        !is_at(&words, on + 1, "conflict") || !is_at(&words, on + 2, "(") ||
        !is_at(&words, key_end + 1, "do") || find(&words, key_end, "conflict") < words.count)
        return false;
    size_t groups_end = find(&words, group, "having");
    groups_end = groups_end < on ? groups_end : on;
    if (!read_items(&words, 4, columns_end, &columns) || !read_items(&words, select + 1, from, &selected) ||
        !read_items(&words, group + 2, groups_end, &groups) || !read_items(&words, on + 3, key_end, &key) ||
        selected.count != columns.count)
        return false;
    for (size_t i = 0; i < groups.count; i++) {
        if (!is_of_key(&words, groups.at[i], &selected, &columns, &key))
            return false;
    }
    return true;
}
