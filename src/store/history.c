// SPDX-License-Identifier: Apache-2.0
// Asks the schema what there is, and runs what it answers (history_sql.h). So what is made hangs on the
// store's own words alone, and a second run finds nothing to do. On the connection's thread.
#include "store/history.h"

#include <assert.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/limits.h"
#include "store/history_sql.h"
#include "store/own_sql.h"

enum { TEXTS_BYTES = 4 * 1024 * 1024, RULE_PARAMS = 4, TOLD_CHARS = 120 }; // of a statement that fails

// The rows of a question.
struct texts {
    struct arena arena;
    struct span *items;
    size_t count;
    size_t room;
};

static void texts_fini(struct texts *texts)
{
    arena_fini(&texts->arena);
}

static enum err_code add_text(void *ctx, struct store_stmt *stmt, struct err *err)
{
    struct texts *texts = ctx;
    struct span *items = arena_grow(&texts->arena, texts->items, texts->count, &texts->room, sizeof(*items));
    if (items == NULL)
        return err_no_memory(err);
    texts->items = items;
    enum err_code code = own_column_text(stmt, 0, &texts->arena, &items[texts->count], err);
    texts->count += code == ERR_NONE;
    return code;
}

static const struct history_sql *sql_of(const struct store_conn *conn)
{
    return store_conn_dialect(conn) == SQL_POSTGRESQL ? &history_postgresql : &history_sqlite;
}

// Asks about a rule's table. Of the parameters a question gets the first `count`.
static enum err_code ask(struct store_conn *conn, const char *question, const struct history_rule *rule,
    size_t count, struct texts *ret_texts, struct err *err)
{
    const struct own_param params[RULE_PARAMS] = {
        own_text("name", rule->table),
        own_text("day", rule->column),
        own_integer("days", rule->days),
        own_integer("most", LIMIT_HISTORY_ROWS),
    };
    *ret_texts = (struct texts){0};
    arena_init(&ret_texts->arena, TEXTS_BYTES);
    return own_run(conn, question, params, count, add_text, ret_texts, err);
}

static enum err_code count_row(void *ctx, struct store_stmt *stmt, struct err *err)
{
    uint64_t *count = ctx;
    (void)stmt;
    (void)err;
    ++*count;
    return ERR_NONE;
}

enum { OF_TABLE = 2, OF_AGE = 3, OF_STEP = 4 }; // parameters of a question: the first so many

// --- making it

static enum err_code refuse_first(
    const struct history_rule *rule, const struct texts *reasons, struct err *err)
{
    if (reasons->count == 0)
        return ERR_NONE;
    return err_set(err, ERR_CONFIG, "%s:%u: %.*s", rule->file, (unsigned)rule->line,
        (int)reasons->items[0].len, reasons->items[0].at);
}

static enum err_code refuse(struct store_conn *conn, const struct history_rule *rule, struct err *err)
{
    const char *const *questions = sql_of(conn)->refusals;
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && questions[i] != NULL; i++) {
        AUTO(texts_fini) struct texts reasons;
        code = ask(conn, questions[i], rule, OF_TABLE, &reasons, err);
        if (code == ERR_NONE)
            code = refuse_first(rule, &reasons, err);
    }
    return code;
}

static enum err_code run_all(struct store_conn *conn, const struct texts *texts, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < texts->count; i++) {
        struct span sql = texts->items[i];
        code = store_exec(conn, sql, err);
        if (code != ERR_NONE)
            err_prefix(err, "%.*s", sql.len < TOLD_CHARS ? (int)sql.len : TOLD_CHARS, sql.at);
    }
    if (code != ERR_NONE && err != NULL)
        err->line = err->column = 0; // a place in a text that nobody has written
    return code;
}

static enum err_code is_noted(
    struct store_conn *conn, const struct history_rule *rule, bool *ret_noted, struct err *err)
{
    const struct own_param params[] = {own_text("name", rule->table)};
    uint64_t noted = 0;
    enum err_code code = own_run(conn, "SELECT 1 FROM reckoner_history WHERE table_name = :name", params,
        ARRAY_LEN(params), count_row, &noted, err);
    *ret_noted = noted > 0;
    return code;
}

static enum err_code note(struct store_conn *conn, const struct history_rule *rule, struct err *err)
{
    const struct own_param params[] = {own_text("name", rule->table), own_text("day", rule->column)};
    bool noted;
    enum err_code code = is_noted(conn, rule, &noted, err);
    if (code != ERR_NONE || noted)
        return code;
    return own_run(conn, "INSERT INTO reckoner_history (table_name, day_column) VALUES (:name, :day)", params,
        ARRAY_LEN(params), NULL, NULL, err);
}

static enum err_code make_parts(struct store_conn *conn, const struct history_rule *rule, struct err *err)
{
    const char *const *makers = sql_of(conn)->makers;
    enum err_code code = note(conn, rule, err);
    for (size_t i = 0; code == ERR_NONE && makers[i] != NULL; i++) {
        AUTO(texts_fini) struct texts statements;
        code = ask(conn, makers[i], rule, OF_TABLE, &statements, err);
        if (code == ERR_NONE)
            code = run_all(conn, &statements, err);
    }
    if (code != ERR_NONE)
        err_prefix(err, "the history of %.*s", (int)rule->table.len, rule->table.at);
    return code;
}

// Refuses the first row that one of the questions has.
static enum err_code refuse_rows(
    struct store_conn *conn, const struct history_rule *rule, const struct texts *questions, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < questions->count; i++) {
        AUTO(texts_fini) struct texts reasons;
        code = ask(conn, questions->items[i].at, rule, 0, &reasons, err);
        if (code == ERR_NONE)
            code = refuse_first(rule, &reasons, err);
    }
    return code;
}

// Inside a transaction.
static enum err_code make_in_transaction(
    struct store_conn *conn, const struct history_rule *rule, struct err *err)
{
    AUTO(texts_fini) struct texts doubles = {0};
    arena_init(&doubles.arena, TEXTS_BYTES);
    enum err_code code = refuse(conn, rule, err);
    if (code == ERR_NONE)
        code = ask(conn, sql_of(conn)->doubles, rule, OF_TABLE, &doubles, err); // before the keys are minded
    if (code == ERR_NONE)
        code = make_parts(conn, rule, err);
    return code == ERR_NONE ? refuse_rows(conn, rule, &doubles, err) : code;
}

static enum err_code make(struct store_conn *conn, const struct history_rule *rule, struct err *err)
{
    enum err_code code = store_begin(conn, err);
    if (code != ERR_NONE)
        return code;
    code = make_in_transaction(conn, rule, err);
    if (code == ERR_NONE)
        code = store_commit(conn, err);
    if (code != ERR_NONE)
        store_rollback(conn);
    return code;
}

static enum err_code make_notes(struct store_conn *conn, struct err *err)
{
    return store_make_table(conn, "reckoner_history",
        "CREATE TABLE IF NOT EXISTS reckoner_history (table_name text NOT NULL PRIMARY KEY,"
        " day_column text NOT NULL, archived_to text, moves bigint NOT NULL DEFAULT 0)",
        err);
}

enum err_code history_make(
    struct store_conn *conn, const struct history_rule *rules, size_t count, struct err *err)
{
    if (count == 0)
        return ERR_NONE;
    enum err_code code = make_notes(conn, err);
    for (size_t i = 0; code == ERR_NONE && i < count; i++)
        code = make(conn, &rules[i], err);
    return code;
}

// --- with migrations

struct rules {
    const struct history_rule *items;
    size_t count;
};

// Inside the transaction of a file.
static enum err_code follow(void *ctx, struct store_conn *conn, bool is_last, struct err *err)
{
    const struct rules *rules = ctx;
    enum err_code code = make_notes(conn, err);
    for (size_t i = 0; code == ERR_NONE && i < rules->count; i++) {
        bool is_due = is_last;
        if (!is_last)
            code = is_noted(conn, &rules->items[i], &is_due, err);
        if (code == ERR_NONE && is_due)
            code = make_in_transaction(conn, &rules->items[i], err);
    }
    return code;
}

enum err_code history_migrate(struct store_conn *conn, const struct migration_file *files, size_t file_count,
    const struct history_rule *rules, size_t count, struct err *err)
{
    struct rules all = {.items = rules, .count = count};
    const struct migrate_after after = {.run = follow, .ctx = &all};
    enum err_code code = migrate(conn, files, file_count, count > 0 ? &after : NULL, err);
    return code == ERR_NONE ? history_make(conn, rules, count, err) : code;
}

// --- a step

// Runs the one question that another one gives.
static enum err_code ask_twice(struct store_conn *conn, const char *question, const struct history_rule *rule,
    size_t count, enum err_code (*on_row)(void *ctx, struct store_stmt *stmt, struct err *err), void *ctx,
    struct err *err)
{
    AUTO(texts_fini) struct texts texts;
    enum err_code code = ask(conn, question, rule, count, &texts, err);
    assert(code != ERR_NONE || texts.count == 1); // by its text, whatever the schema is
    return code == ERR_NONE ? own_run(conn, texts.items[0].at, NULL, 0, on_row, ctx, err) : code;
}

static enum err_code prepare(struct store_conn *conn, const struct history_rule *rule, struct err *err)
{
    const char *question = sql_of(conn)->prepares;
    AUTO(texts_fini) struct texts statements = {0};
    arena_init(&statements.arena, TEXTS_BYTES);
    if (question == NULL)
        return ERR_NONE;
    enum err_code code = ask_twice(conn, question, rule, OF_STEP, add_text, &statements, err);
    return code == ERR_NONE ? run_all(conn, &statements, err) : code;
}

// All statements have to agree on how many rows they have moved.
static enum err_code move_rows(
    struct store_conn *conn, const struct history_rule *rule, uint64_t *ret_rows, struct err *err)
{
    AUTO(texts_fini) struct texts statements;
    uint64_t first = 0;
    enum err_code code = ask(conn, sql_of(conn)->moves, rule, OF_STEP, &statements, err);
    for (size_t i = 0; code == ERR_NONE && i < statements.count; i++) {
        uint64_t rows = 0;
        code = own_run(conn, statements.items[i].at, NULL, 0, count_row, &rows, err);
        if (i == 0)
            first = rows;
        else if (code == ERR_NONE && rows != first)
            code = err_set(err, ERR_STORE, "an archive took %llu rows of %.*s, and %llu are to go",
                (unsigned long long)first, (int)rule->table.len, rule->table.at, (unsigned long long)rows);
        CRASH_POINT("history-moved");
    }
    if (code == ERR_NONE)
        *ret_rows = first;
    return code;
}

static enum err_code move(
    struct store_conn *conn, const struct history_rule *rule, uint64_t *ret_rows, struct err *err)
{
    uint64_t rows = 0;
    enum err_code code = store_begin(conn, err);
    if (code != ERR_NONE)
        return code;
    code = prepare(conn, rule, err);
    if (code == ERR_NONE)
        code = move_rows(conn, rule, &rows, err);
    if (code == ERR_NONE) {
        CRASH_POINT("history-commit");
        code = store_commit(conn, err);
    }
    if (code != ERR_NONE) {
        store_rollback(conn);
        return code;
    }
    CRASH_POINT("history-committed");
    *ret_rows = rows;
    return ERR_NONE;
}

static enum err_code read_days(void *ctx, struct store_stmt *stmt, struct err *err)
{
    return own_column_integer(stmt, 0, -1, ctx, err);
}

enum err_code history_move(
    struct store_conn *conn, const struct history_rule *rule, struct history_step *ret_step, struct err *err)
{
    struct history_step step = {.oldest_days = -1};
    uint64_t old = 0;
    store_deadline(conn, clock_monotonic_ns() + LIMIT_HISTORY_STEP_MS * NS_PER_MS);
    enum err_code code = ask_twice(conn, sql_of(conn)->is_old, rule, OF_AGE, count_row, &old, err);
    if (code == ERR_NONE && old > 0)
        code = move(conn, rule, &step.rows, err);
    if (code == ERR_NONE)
        code = ask_twice(conn, sql_of(conn)->oldest, rule, OF_TABLE, read_days, &step.oldest_days, err);
    store_deadline(conn, 0);
    step.has_more = step.rows >= LIMIT_HISTORY_ROWS; // what comes meanwhile is for the next round
    if (code == ERR_NONE)
        *ret_step = step;
    return code;
}
