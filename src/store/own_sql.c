// SPDX-License-Identifier: Apache-2.0
// A statement that is kept has the store's names for its parameters beside it, as the store borrows them for
// as long as the statement lives. On the connection's thread.
#include "store/own_sql.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "base/mem.h"

struct own_kept {
    const char *sql;                         // borrowed; its address is its name
    struct store_stmt *stmt;                 // owned
    size_t count;                            // of its parameters
    struct store_name names[OWN_SQL_PARAMS]; // of these
    struct own_kept *next;                   // in the list
};

static enum err_code run_rows(struct store_stmt *stmt,
    enum err_code (*on_row)(void *ctx, struct store_stmt *stmt, struct err *err), void *ctx, struct err *err)
{
    for (;;) {
        bool is_row = false;
        enum err_code code = store_step(stmt, &is_row, err);
        if (code != ERR_NONE || !is_row)
            return code;
        code = on_row != NULL ? on_row(ctx, stmt, err) : ERR_NONE;
        if (code != ERR_NONE)
            return code;
    }
}

static void name_params(const struct own_param *params, size_t count, struct store_name *ret_names)
{
    assert(count <= OWN_SQL_PARAMS);
    for (size_t i = 0; i < count; i++) {
        bool is_text = params[i].value.kind == VALUE_TEXT;
        ret_names[i] =
            (struct store_name){.name = span_of(params[i].name), .type = is_text ? TYPE_TEXT : TYPE_INTEGER};
    }
}

static void take_values(const struct own_param *params, size_t count, struct value *ret_values)
{
    for (size_t i = 0; i < count; i++)
        ret_values[i] = params[i].value;
}

enum err_code own_run(struct store_conn *conn, const char *sql, const struct own_param *params, size_t count,
    enum err_code (*on_row)(void *ctx, struct store_stmt *stmt, struct err *err), void *ctx, struct err *err)
{
    struct store_name names[OWN_SQL_PARAMS];
    struct value values[OWN_SQL_PARAMS];
    struct store_stmt *stmt = NULL;
    name_params(params, count, names);
    take_values(params, count, values);
    enum err_code code = store_prepare(conn, span_of(sql), names, count, &stmt, err);
    if (code == ERR_NONE)
        code = store_bind(stmt, values, err);
    if (code == ERR_NONE)
        code = run_rows(stmt, on_row, ctx, err);
    store_finalize(stmt);
    return code;
}

// --- statements that are kept

void own_statements_fini(struct own_statements *own)
{
    for (struct own_kept *kept = own->kept, *next; kept != NULL; kept = next) {
        next = kept->next;
        store_finalize(kept->stmt);
        mem_free(kept);
    }
    own->kept = NULL;
}

// Finds the statement, or prepares it.
static enum err_code keep(struct own_statements *own, const char *sql, const struct own_param *params,
    size_t count, struct store_stmt **ret_stmt, struct err *err)
{
    for (const struct own_kept *kept = own->kept; kept != NULL; kept = kept->next) {
        if (kept->sql == sql) {
            assert(kept->count == count);
            *ret_stmt = kept->stmt;
            return ERR_NONE;
        }
    }
    struct own_kept *kept = mem_zalloc(1, sizeof(*kept));
    if (kept == NULL)
        return err_no_memory(err);
    kept->sql = sql;
    kept->count = count;
    name_params(params, count, kept->names);
    enum err_code code = store_prepare(own->conn, span_of(sql), kept->names, count, &kept->stmt, err);
    if (code != ERR_NONE) {
        mem_free(kept);
        return code;
    }
    kept->next = own->kept;
    own->kept = kept;
    *ret_stmt = kept->stmt;
    return ERR_NONE;
}

enum err_code own_ask_kept(struct own_statements *own, const char *sql, const struct own_param *params,
    size_t count, struct store_stmt **ret_stmt, struct err *err)
{
    struct value values[OWN_SQL_PARAMS];
    struct store_stmt *stmt = NULL;
    enum err_code code = keep(own, sql, params, count, &stmt, err);
    if (code != ERR_NONE)
        return code;
    take_values(params, count, values);
    code = store_bind(stmt, values, err);
    if (code != ERR_NONE) {
        store_reset(stmt);
        return code;
    }
    *ret_stmt = stmt;
    return ERR_NONE;
}

enum err_code own_run_kept(struct own_statements *own, const char *sql, const struct own_param *params,
    size_t count, enum err_code (*on_row)(void *ctx, struct store_stmt *stmt, struct err *err), void *ctx,
    struct err *err)
{
    struct store_stmt *stmt = NULL;
    enum err_code code = own_ask_kept(own, sql, params, count, &stmt, err);
    if (code != ERR_NONE)
        return code;
    code = run_rows(stmt, on_row, ctx, err);
    store_reset(stmt);
    return code;
}

enum err_code own_send_kept(struct own_statements *own, const char *sql, const struct own_param *params,
    size_t count, struct err *err)
{
    struct value values[OWN_SQL_PARAMS];
    struct store_stmt *stmt = NULL;
    enum err_code code = keep(own, sql, params, count, &stmt, err);
    if (code != ERR_NONE)
        return code;
    take_values(params, count, values);
    return store_send(stmt, values, err);
}

// --- one row of integers

struct integers {
    size_t count; // wanted
    int64_t *at;
    bool is_row; // there was one
};

static enum err_code on_integers(void *ctx, struct store_stmt *stmt, struct err *err)
{
    struct integers *integers = ctx;
    enum err_code code = ERR_NONE;
    integers->is_row = true;
    for (size_t i = 0; code == ERR_NONE && i < integers->count; i++)
        code = own_column_integer(stmt, i, 0, &integers->at[i], err);
    return code;
}

enum err_code own_run_integers(struct own_statements *own, const char *sql, const struct own_param *params,
    size_t count, int64_t *ret_integers, size_t integer_count, bool *ret_row, struct err *err)
{
    struct integers integers = {.count = integer_count, .at = ret_integers};
    enum err_code code = own_run_kept(own, sql, params, count, on_integers, &integers, err);
    if (code == ERR_NONE)
        *ret_row = integers.is_row;
    return code;
}

static enum err_code on_counted(void *ctx, struct store_stmt *stmt, struct err *err)
{
    size_t *rows = ctx;
    (void)stmt, (void)err;
    ++*rows;
    return ERR_NONE;
}

enum err_code own_run_count(struct own_statements *own, const char *sql, const struct own_param *params,
    size_t count, size_t *ret_rows, struct err *err)
{
    size_t rows = 0;
    enum err_code code = own_run_kept(own, sql, params, count, on_counted, &rows, err);
    if (code == ERR_NONE)
        *ret_rows = rows;
    return code;
}

struct word {
    size_t len;
    char *at;
};

static enum err_code on_word(void *ctx, struct store_stmt *stmt, struct err *err)
{
    const struct word *word = ctx;
    struct value value = {0};
    enum err_code code = store_column(stmt, 0, &value, err);
    if (code == ERR_NONE && value.kind == VALUE_TEXT && value.text.len == word->len) {
        memcpy(word->at, value.text.at, word->len);
        word->at[word->len] = '\0';
    }
    return code;
}

enum err_code own_run_word(struct own_statements *own, const char *sql, const struct own_param *params,
    size_t count, size_t len, char *ret_text, struct err *err)
{
    struct word word = {.len = len, .at = ret_text};
    ret_text[0] = '\0';
    return own_run_kept(own, sql, params, count, on_word, &word, err);
}

enum err_code own_now_ms(struct own_statements *own, int64_t *ret_now_ms, struct err *err)
{
    static const char sqlite[] = "SELECT " OWN_NOW_SQLITE " / 1000 AS now";
    static const char postgresql[] = "SELECT " OWN_NOW_POSTGRESQL " / 1000 AS now";
    bool row = false;
    return own_run_integers(
        own, own_sql_of(own->conn, sqlite, postgresql), NULL, 0, ret_now_ms, 1, &row, err);
}

int64_t own_token(void)
{
    uint32_t high = randombytes_random(), low = randombytes_random();
    return (int64_t)((((uint64_t)high << 32) | low) >> 1) | 1;
}

// --- columns

enum err_code own_column_integer(
    struct store_stmt *stmt, size_t column, int64_t null, int64_t *ret_integer, struct err *err)
{
    struct value value = {0};
    enum err_code code = store_column(stmt, column, &value, err);
    if (code != ERR_NONE)
        return code;
    if (value.kind != VALUE_INTEGER && value.kind != VALUE_NULL)
        return err_set(
            err, ERR_STORE, "%s in a table of Reckoner's is no integer", store_column_name(stmt, column));
    *ret_integer = value.kind == VALUE_INTEGER ? value.integer : null;
    return ERR_NONE;
}

enum err_code own_column_text(
    struct store_stmt *stmt, size_t column, struct arena *arena, struct span *ret_text, struct err *err)
{
    struct value value = {0};
    enum err_code code = store_column(stmt, column, &value, err);
    if (code != ERR_NONE)
        return code;
    if (value.kind != VALUE_TEXT)
        return err_set(
            err, ERR_STORE, "%s in a table of Reckoner's is no text", store_column_name(stmt, column));
    char *at = arena_strndup(arena, value.text.at, value.text.len);
    if (at == NULL)
        return err_no_memory(err);
    *ret_text = (struct span){.at = at, .len = value.text.len};
    return ERR_NONE;
}
