// SPDX-License-Identifier: Apache-2.0
// Knows SQLite's messages, and of the SQL no more than the words around the place. Finding the place is
// error.c's. Pure; any thread.
#include "store/sqlite/sql_hint.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/attr.h"
#include "text/sql_scan.h"

static bool is_word(const struct sql_token *token, const char *word)
{
    return token->kind == SQL_CODE && span_is_nocase(token->text, word);
}

// INSERT … SELECT … FROM t ON CONFLICT (a) DO: SQLite has taken ON for the condition of a join.
static bool is_conflict_without_where(struct span sql, size_t start, size_t offset)
{
    struct sql_scan scan;
    struct sql_token last = {.kind = SQL_END};
    bool is_conflict = false, has_select = false;
    sql_scan_init(&scan, (struct span){.at = sql.at + start, .len = offset - start}, SQL_SQLITE);
    for (;;) {
        struct sql_token token = sql_scan_next_code(&scan);
        if (token.kind == SQL_END)
            return is_conflict && has_select;
        has_select = has_select || is_word(&token, "SELECT");
        is_conflict = is_conflict || (is_word(&token, "CONFLICT") && is_word(&last, "ON"));
        last = token;
    }
}

// A word that only a statement begins with.
static bool begins_statement(const char *near)
{
    static const char *const words[] = {"CREATE", "INSERT", "UPDATE", "DELETE", "ALTER", "DROP"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t len = strlen(words[i]);
        if (strncasecmp(near, words[i], len) == 0 && near[len] == '"')
            return true;
    }
    return false;
}

static const char *hint_near(const char *near, struct span sql, size_t start, size_t offset)
{
    if (strncasecmp(near, "DO\"", 3) == 0 && is_conflict_without_where(sql, start, offset))
        return "put WHERE true in front of ON CONFLICT";
    if (offset > start && begins_statement(near))
        return "end the statement in front of it with a ;";
    return NULL;
}

const char *sql_hint(const char *text, struct span sql, size_t start, size_t offset)
{
    static const char near[] = "near \"";
    static const struct {
        const char *begins, *hint;
    } hints[] = {
        {"ambiguous column name: ", "write its table in front of it, and a name behind: l.id AS id"},
        {"ON CONFLICT clause does not match any ",
            "name the columns of a key, or make them one by a UNIQUE index in a new schema file"},
        {"no such column: \u2018", "texts stand in straight quotes: 'a'"},
        {"no such column: \u2019", "texts stand in straight quotes: 'a'"},
        {"no such column: \u201c", "texts stand in straight quotes: 'a'"},
        {"no such column: \u201d", "texts stand in straight quotes: 'a'"},
    };
    if (strncmp(text, near, sizeof(near) - 1) == 0)
        return hint_near(text + sizeof(near) - 1, sql, start, offset);
    for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
        if (strncmp(text, hints[i].begins, strlen(hints[i].begins)) == 0)
            return hints[i].hint;
    }
    return NULL;
}
