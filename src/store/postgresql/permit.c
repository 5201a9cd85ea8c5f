// SPDX-License-Identifier: Apache-2.0
// What the SQL of endpoints and of migrations may not do. It is told from the words of a statement, as
// PostgreSQL has no hook that would ask. Pure; any thread.
//
//                            endpoint    migration
//     SELECT, INSERT …       yes         yes
//     BEGIN, SAVEPOINT …     no          no            a request, like a migration, is one transaction
//     SET, COPY, LISTEN …    no          no            the session and the link are the driver's
//     VACUUM                 no          no            it cannot run in a transaction
//     CREATE, ALTER, DROP …  no          yes           every connection's statements count on the schema
//
// It keeps an app's author from breaking the server by mistake. What an app may do to the database at all is
// for the rights of the role to say; and a reader's transactions are read-only, whatever this thinks.
#include "store/postgresql/permit.h"

#include <stdio.h>

#include "base/ascii.h"
#include "base/attr.h"
#include "store/postgresql/sql.h"
#include "text/sql_scan.h"

static const char *const queries[] = {
    "select", "insert", "update", "delete", "merge", "with", "values", "table"};

// First words that no statement may begin with.
static const struct {
    const char *word;
    const char *reason; // NULL: transaction control
} refused[] = {
    {"begin", NULL},
    {"start", NULL},
    {"commit", NULL},
    {"end", NULL},
    {"rollback", NULL},
    {"abort", NULL},
    {"savepoint", NULL},
    {"release", NULL},
    {"prepare", "the store prepares all that it runs"},
    {"execute", "the store prepares all that it runs"},
    {"deallocate", "the store prepares all that it runs"},
    {"declare", "the store reads results row by row"},
    {"fetch", "the store reads results row by row"},
    {"close", "the store reads results row by row"},
    {"copy", "rows come and go through the table batch and the answer"},
    {"set", "the store has its settings"},
    {"reset", "the store has its settings"},
    {"show", "the store has its settings"},
    {"discard", "the store has its settings"},
    {"load", "it runs code from a file"},
    {"listen", "the store has its own"},
    {"unlisten", "the store has its own"},
    {"vacuum", "it cannot run in a transaction"},
    {"checkpoint", "it is the operator's"},
};

// Functions that change a session as SET does, or take a lock for longer than their transaction.
static const char *const refused_functions[] = {"set_config", "pg_advisory_lock", "pg_advisory_lock_shared",
    "pg_try_advisory_lock", "pg_try_advisory_lock_shared", "pg_advisory_unlock", "pg_advisory_unlock_shared",
    "pg_advisory_unlock_all"};

// A view that is SET to those who write to it.
static const char *const settings[] = {"pg_settings"};

static bool is_word(const struct sql_token *token, const char *const *words, size_t count)
{
    return token->kind == SQL_CODE && sql_is_one_of(token->text, words, count);
}

// One of these names, between quotes too.
static bool is_name(const struct sql_token *token, const char *const *names, size_t count)
{
    struct sql_token bare = *token;
    if (token->kind == SQL_CODE && token->text.len > 2 && token->text.at[0] == '"')
        bare.text = (struct span){.at = token->text.at + 1, .len = token->text.len - 2};
    return is_word(&bare, names, count);
}

static bool is(const struct sql_token *token, const char *word)
{
    return token->kind == SQL_CODE && span_is_nocase(token->text, word);
}

static enum err_code refuse(struct span sql, size_t offset, enum pg_origin origin, struct span what,
    const char *reason, struct err *err)
{
    char text[200], word[40];
    size_t len = what.len < sizeof(word) - 1 ? what.len : sizeof(word) - 1;
    for (size_t i = 0; i < len; i++)
        word[i] = what.at[i] >= 'a' && what.at[i] <= 'z' ? (char)(what.at[i] - 'a' + 'A') : what.at[i];
    word[len] = '\0';
    if (reason == NULL)
        reason = origin == PG_ORIGIN_MIGRATION ? "every migration is one transaction already"
                                               : "every request is one transaction already";
    snprintf(text, sizeof(text), "%s is not allowed here: %s", word, reason);
    return pg_fail_at(sql, offset, err, text);
}

static enum err_code check_first(
    enum pg_origin origin, struct span sql, const struct sql_token *first, size_t base, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        if (is(first, refused[i].word))
            return refuse(sql, base + first->offset, origin, first->text, refused[i].reason, err);
    }
    bool is_query = is_word(first, queries, ARRAY_LEN(queries)) || is(first, "(");
    bool has_letter = ascii_is_letter(first->text.at[0]);
    static const char *const changes[] = {"create", "alter", "drop", "truncate", "comment", "grant", "revoke",
        "reindex", "analyze", "cluster", "refresh", "import", "reassign", "security", "lock", "do", "call",
        "explain", "notify"};
    if (origin == PG_ORIGIN_MIGRATION || is_query || !has_letter ||
        !is_word(first, changes, ARRAY_LEN(changes)))
        return ERR_NONE; // the server tells what is no SQL at all
    return refuse(sql, base + first->offset, origin, first->text, "only a migration changes the schema", err);
}

// SELECT … INTO makes a table, where INSERT and MERGE write into one.
static bool is_select_into(
    const struct sql_token *first, const struct sql_token *before, const struct sql_token *token)
{
    if (is(first, "select")) // whatever stands before: INSERT can be the name of a column
        return is(token, "into");
    return (is(first, "with") || is(first, "(")) && is(token, "into") && !is(before, "insert") &&
           !is(before, "merge");
}

// The call of a refused function, or the view of settings.
static enum err_code check_calls(
    enum pg_origin origin, struct span sql, struct span statement, struct err *err)
{
    struct sql_scan scan;
    sql_scan_init(&scan, statement, SQL_POSTGRESQL);
    struct sql_token before = {.kind = SQL_END}, token = sql_scan_next_code(&scan);
    for (; before.kind != SQL_END || token.kind != SQL_END;
         before = token, token = sql_scan_next_code(&scan)) {
        size_t offset = (size_t)(statement.at - sql.at) + before.offset;
        bool is_call = is(&token, "(") && is_name(&before, refused_functions, ARRAY_LEN(refused_functions));
        if (is_call || is_name(&before, settings, ARRAY_LEN(settings)))
            return refuse(sql, offset, origin, before.text,
                "the store has its settings, and locks end with a request", err);
    }
    return ERR_NONE;
}

enum err_code pg_permit_check(enum pg_origin origin, struct span sql, struct span statement, struct err *err)
{
    size_t base = (size_t)(statement.at - sql.at);
    struct sql_scan scan;
    sql_scan_init(&scan, statement, SQL_POSTGRESQL);
    struct sql_token first = sql_scan_next_code(&scan);
    if (first.kind == SQL_END)
        return ERR_NONE;
    enum err_code code = check_first(origin, sql, &first, base, err);
    if (code == ERR_NONE)
        code = check_calls(origin, sql, statement, err);
    struct sql_token before = first, token = first;
    while (code == ERR_NONE && token.kind != SQL_END) {
        if (origin == PG_ORIGIN_ENDPOINT && is_select_into(&first, &before, &token))
            return refuse(sql, base + token.offset, origin, (struct span){"SELECT INTO", 11},
                "only a migration changes the schema", err);
        before = token;
        token = sql_scan_next_code(&scan);
    }
    return code;
}

bool pg_writes(struct span statement)
{
    static const char *const writes[] = {"insert", "update", "delete", "merge"};
    struct sql_scan scan;
    sql_scan_init(&scan, statement, SQL_POSTGRESQL);
    struct sql_token before = sql_scan_next_code(&scan);
    if (is_word(&before, writes, ARRAY_LEN(writes)))
        return true;
    // Behind the parenthesis that begins a part of WITH, or the one that ends the last part: a word that is a
    // name elsewhere.
    while (is(&before, "("))
        before = sql_scan_next_code(&scan);
    bool has_parts = is(&before, "with");
    for (;;) {
        struct sql_token token = sql_scan_next_code(&scan);
        if (token.kind == SQL_END)
            return false;
        if (has_parts && (is(&before, "(") || is(&before, ")")) && is_word(&token, writes, ARRAY_LEN(writes)))
            return true;
        before = token;
    }
}
