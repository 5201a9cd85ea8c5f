// SPDX-License-Identifier: Apache-2.0
// What a virtual table reads beside itself, by its module and the module's arguments. A full-text index may
// be one of another table's rows (its option "content"), from which it takes what it does not hold. A module
// that is not known here may read anything. Pure; any thread.
#include "store/sqlite/module.h"

#include <strings.h>

#include "base/attr.h"
#include "text/sql_scan.h"

// FTS5 takes the first letters of an option's name for the option (fts5_config.c: fts5ConfigParseSpecial).
static bool names_content(struct span word)
{
    static const char option[] = "content";
    return word.len > 0 && word.len < sizeof(option) && strncasecmp(word.at, option, word.len) == 0;
}

static struct span unquoted(struct span word)
{
    bool is_quoted = word.len >= 2 && strchr("'\"`[", word.at[0]) != NULL;
    return is_quoted ? (struct span){.at = word.at + 1, .len = word.len - 2} : word;
}

static enum sqlite_module_reads find_content(struct sql_scan *scan, struct span *ret_content)
{
    struct span before = {0};
    struct sql_token token;
    while ((token = sql_scan_next_code(scan)).kind != SQL_END) {
        if (span_is(token.text, "=") && names_content(before)) {
            struct span content = unquoted(sql_scan_next_code(scan).text);
            if (content.len == 0)
                return MODULE_READS_ITSELF; // it holds no text at all
            *ret_content = content;
            return MODULE_READS_CONTENT;
        }
        before = token.text;
    }
    return MODULE_READS_ITSELF;
}

enum sqlite_module_reads sqlite_module_reads(struct span sql, struct span *ret_content)
{
    static const char *const trees[] = {"rtree", "rtree_i32", "geopoly"};
    static const char *const texts[] = {"fts3", "fts4", "fts5"};
    struct sql_scan scan;
    struct sql_token token;
    sql_scan_init(&scan, sql, SQL_SQLITE);
    do
        token = sql_scan_next_code(&scan);
    while (token.kind != SQL_END && !span_is_nocase(token.text, "using"));
    struct span module = unquoted(sql_scan_next_code(&scan).text);
    if (sql_is_one_of(module, trees, ARRAY_LEN(trees)))
        return MODULE_READS_ITSELF;
    if (sql_is_one_of(module, texts, ARRAY_LEN(texts)))
        return find_content(&scan, ret_content);
    return MODULE_READS_ANYTHING;
}
