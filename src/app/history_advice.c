// SPDX-License-Identifier: Apache-2.0
// Goes by the words of a statement: UPDATE or DELETE FROM, and then the table. Pure.
#include "app/history_advice.h"

#include <stdio.h>

#include "base/attr.h"
#include "base/limits.h"
#include "text/sql_quote.h"
#include "text/sql_scan.h"

// The next word, without quotes; empty at the end.
static struct span next_word(struct sql_scan *scan)
{
    struct sql_token token = sql_scan_next_code(scan);
    struct span word = token.kind == SQL_CODE ? sql_unquoted(token.text) : (struct span){0};
    return token.kind == SQL_END || token.kind == SQL_UNTERMINATED || word.len > 0 ? word : span_of(";");
}

// Whether the statement has UPDATE or DELETE FROM (`word`) in front of `table`, or of its archive.
static bool changes(const struct statement *statement, const char *word, struct span table, bool is_archive)
{
    char name[LIMIT_HISTORY_NAME_CHARS + sizeof("_archive")];
    struct sql_scan scan;
    snprintf(name, sizeof(name), "%.*s%s", (int)table.len, table.at, is_archive ? "_archive" : "");
    sql_scan_init(&scan, statement->sql, statement->dialect);
    struct span at = next_word(&scan);
    while (at.len > 0) {
        bool is_meant = span_is_nocase(at, word), is_delete = span_is_nocase(at, "delete");
        at = next_word(&scan);
        if (is_delete && span_is_nocase(at, "from"))
            at = next_word(&scan);
        if (is_meant && span_is_nocase(at, "only"))
            at = next_word(&scan);
        if (is_meant && span_is_nocase(at, name))
            return true;
    }
    return false;
}

// Whether another @write of the endpoint does the same to the archive.
static bool reaches_archive(const struct endpoint *endpoint, const char *word, struct span table)
{
    for (size_t i = 0; i < endpoint->statement_count; i++) {
        const struct statement *statement = &endpoint->statements[i];
        if (statement->kind == STATEMENT_WRITE && changes(statement, word, table, true))
            return true;
    }
    return false;
}

static void advise(const struct app *app, const struct endpoint *endpoint, const struct statement *statement,
    struct diags *warnings)
{
    static const char *const words[] = {"update", "delete"};
    for (size_t i = 0; i < app->history_count * ARRAY_LEN(words); i++) {
        struct span table = app->histories[i / ARRAY_LEN(words)].table;
        const char *word = words[i % ARRAY_LEN(words)];
        if (changes(statement, word, table, false) && !reaches_archive(endpoint, word, table))
            diags_add(warnings, endpoint->file, statement->line, statement->column,
                "warning: this does not %s rows of %.*s that are archived; a @write on %.*s_archive behind it does",
                word, SHOW(table), SHOW(table));
    }
}

void history_advise(const struct app *app, struct diags *warnings)
{
    for (size_t i = 0; i < app->endpoint_count; i++) {
        const struct endpoint *endpoint = &app->endpoints[i];
        for (size_t j = 0; j < endpoint->statement_count; j++) {
            if (endpoint->statements[j].kind == STATEMENT_WRITE)
                advise(app, endpoint, &endpoint->statements[j], warnings);
        }
    }
}
