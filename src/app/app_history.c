// SPDX-License-Identifier: Apache-2.0
// Lines of [history]: TABLE = COLUMN older DAYSd. Whether the store has such a table is for the store to say
// (store/history.h). One thread.
#include "app/app_history.h"

#include <stdio.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "text/sql_quote.h"
#include "text/sql_scan.h"

// Names that are the same on both stores, whether quoted or not.
static bool is_plain_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        bool is_letter = (name.at[i] >= 'a' && name.at[i] <= 'z') || name.at[i] == '_';
        if (!is_letter && (i == 0 || !ascii_is_digit(name.at[i])))
            return false;
    }
    return name.len > 0;
}

// Why no table of that name can have a history, or NULL.
static const char *table_problem(struct span name)
{
    if (!is_plain_name(name))
        return "is no table's name that both stores know: a-z, 0-9 and _, with a letter in front";
    if (span_starts_with(name, "reckoner_") || span_starts_with(name, "sqlite_"))
        return "is no table of the app's";
    return name.len > LIMIT_HISTORY_NAME_CHARS ? "is too long a name for a table with an archive" : NULL;
}

// 0: it is no number of days.
static unsigned read_days(struct span text)
{
    unsigned days = 0;
    if (text.len < 2 || text.at[text.len - 1] != 'd')
        return 0;
    for (size_t i = 0; i + 1 < text.len; i++) {
        if (!ascii_is_digit(text.at[i]) || days > LIMIT_HISTORY_DAYS)
            return 0;
        days = days * 10 + (unsigned)(text.at[i] - '0');
    }
    return days <= LIMIT_HISTORY_DAYS ? days : 0;
}

static bool keep(struct history_lines *lines, struct span text, struct span *ret_kept)
{
    bool is_kept = arena_copy(&lines->ini->app->arena, text, ret_kept);
    if (!is_kept)
        lines->ini->status = ERR_NO_MEMORY;
    return is_kept;
}

static void add(struct history_lines *lines, const struct ini_entry *entry, struct span column, unsigned days)
{
    struct app *app = lines->ini->app;
    struct history_rule rule = {.days = days, .line = entry->line};
    struct history_rule *rules =
        arena_grow(&app->arena, app->histories, app->history_count, &lines->room, sizeof(*rules));
    if (rules == NULL) {
        lines->ini->status = ERR_NO_MEMORY;
        return;
    }
    app->histories = rules;
    rule.file = arena_strdup(&app->arena, lines->ini->file);
    if (rule.file == NULL)
        lines->ini->status = ERR_NO_MEMORY;
    else if (keep(lines, entry->key, &rule.table) && keep(lines, column, &rule.column))
        rules[app->history_count++] = rule;
}

static const struct history_rule *find(const struct app *app, struct span table)
{
    for (size_t i = 0; i < app->history_count; i++) {
        if (span_equal(app->histories[i].table, table))
            return &app->histories[i];
    }
    return NULL;
}

void history_lines_read(struct history_lines *lines, const struct ini_entry *entry)
{
    struct span rest = entry->value;
    struct span column = span_split(&rest, ' ');
    rest = span_trim(rest);
    struct span older = span_split(&rest, ' ');
    unsigned days = read_days(span_trim(rest));
    const char *problem = table_problem(entry->key);
    const struct history_rule *first = find(lines->ini->app, entry->key);
    if (problem != NULL)
        INI_FAIL(lines->ini, entry->line, "\"%.*s\" %s", SHOW(entry->key), problem);
    else if (!is_plain_name(column) || !span_is(older, "older") || days == 0)
        INI_FAIL(lines->ini, entry->line,
            "\"%.*s\" is no age of rows; write %.*s = day older 90d, with the column of their date and 1 to %d days",
            SHOW(entry->value), SHOW(entry->key), LIMIT_HISTORY_DAYS);
    else if (first != NULL)
        INI_FAIL(lines->ini, entry->line, "%.*s stands on line %u already; take one away", SHOW(entry->key),
            (unsigned)first->line);
    else if (lines->ini->app->history_count == LIMIT_HISTORIES)
        INI_FAIL(
            lines->ini, entry->line, "more than %d tables with a history; take one away", LIMIT_HISTORIES);
    else
        add(lines, entry, column, days);
}

// --- batches that bring archived rows anew

// Whether the SQL names the table anywhere but in a string.
static bool names_table(const struct statement *statement, struct span table)
{
    struct sql_scan scan;
    struct sql_token token;
    sql_scan_init(&scan, statement->sql, statement->dialect);
    while ((token = sql_scan_next(&scan)).kind != SQL_END && token.kind != SQL_UNTERMINATED) {
        if (token.kind == SQL_CODE && span_equal_nocase(sql_unquoted(token.text), table))
            return true;
    }
    return false;
}

// The number of the first @write; statement_count where there is none, or none of PostgreSQL's names the
// table.
static size_t first_write(const struct endpoint *endpoint, struct span table)
{
    size_t first = endpoint->statement_count;
    bool is_named = false;
    for (size_t i = endpoint->statement_count; i-- > 0;) {
        const struct statement *statement = &endpoint->statements[i];
        if (statement->kind != STATEMENT_WRITE || statement->dialect != SQL_POSTGRESQL)
            continue;
        first = i;
        is_named = is_named || names_table(statement, table);
    }
    return is_named ? first : endpoint->statement_count;
}

// Puts a statement in front of the endpoint's first @write, which fetches what of its rows is archived.
static void fetch_first(struct history_lines *lines, struct endpoint *endpoint, struct span table)
{
    static const char before[] = "INSERT INTO reckoner_history (table_name, day_column) SELECT '', ''"
                                 " WHERE reckoner_history_",
                      after[] = "_fetch()";
    struct arena *arena = &lines->ini->app->arena;
    size_t at = first_write(endpoint, table), count = endpoint->statement_count;
    if (at == count || endpoint->field_count == 0)
        return;
    char sql[sizeof(before) + LIMIT_HISTORY_NAME_CHARS + sizeof(after)];
    int len = snprintf(sql, sizeof(sql), "%s%.*s%s", before, (int)table.len, table.at, after);
    struct statement *statements = arena_zalloc(arena, count + 1, sizeof(*statements));
    const char *kept = arena_strndup(arena, sql, (size_t)len);
    if (statements == NULL || kept == NULL) {
        lines->ini->status = ERR_NO_MEMORY;
        return;
    }
    memcpy(statements, endpoint->statements, at * sizeof(*statements));
    memcpy(&statements[at + 1], &endpoint->statements[at], (count - at) * sizeof(*statements));
    statements[at] = (struct statement){.kind = STATEMENT_WRITE,
        .sql = {.at = kept, .len = (size_t)len},
        .dialect = SQL_POSTGRESQL,
        .line = statements[at + 1].line,
        .column = statements[at + 1].column};
    endpoint->statements = statements;
    endpoint->statement_count++;
}

void history_lines_finish(struct history_lines *lines)
{
    struct app *app = lines->ini->app;
    for (size_t i = 0; i < app->history_count && lines->ini->status == ERR_NONE; i++) {
        for (size_t j = 0; j < app->endpoint_count && lines->ini->status == ERR_NONE; j++)
            fetch_first(lines, &app->endpoints[j], app->histories[i].table);
    }
}
