// SPDX-License-Identifier: Apache-2.0
// Short ways to run statements on Reckoner's own tables, whose columns are texts and integers. Those that run
// seldom are prepared for each run; those that run with each batch are kept, prepared, by the owner of the
// connection. On the connection's thread.
#ifndef RECKONER_STORE_OWN_SQL_H
#define RECKONER_STORE_OWN_SQL_H

#include "base/arena.h"
#include "base/err.h"
#include "store/store.h"

enum { OWN_SQL_PARAMS = 12 };

// The moment by the database's clock, in microseconds since 1970, as an expression of either dialect.
#define OWN_NOW_SQLITE     "(CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000)"
#define OWN_NOW_POSTGRESQL "CAST(floor(extract(epoch FROM clock_timestamp()) * 1000000) AS bigint)"

// The one of two texts that is in the connection's dialect.
static inline const char *own_sql_of(
    const struct store_conn *conn, const char *sqlite, const char *postgresql)
{
    return store_conn_dialect(conn) == SQL_POSTGRESQL ? postgresql : sqlite;
}

// A parameter of a statement: its name without the colon, and its value.
struct own_param {
    const char *name;
    struct value value; // VALUE_TEXT or VALUE_INTEGER, or VALUE_NULL of an integer
};

static inline struct own_param own_text(const char *name, struct span text)
{
    return (struct own_param){.name = name, .value = {.kind = VALUE_TEXT, .text = text}};
}

static inline struct own_param own_integer(const char *name, int64_t integer)
{
    return (struct own_param){.name = name, .value = {.kind = VALUE_INTEGER, .integer = integer}};
}

// Prepares the statement, runs it, and calls on_row for each row until it fails. NULL where no row is wanted.
// `count` is OWN_SQL_PARAMS at most. Errors of the store, and those of on_row.
MUST_CHECK enum err_code own_run(struct store_conn *conn, const char *sql, const struct own_param *params,
    size_t count, enum err_code (*on_row)(void *ctx, struct store_stmt *stmt, struct err *err), void *ctx,
    struct err *err);

// Statements of one connection that are prepared when they run first. Zeroed with its connection it is empty.
struct own_statements {
    struct store_conn *conn; // borrowed; outlives them
    struct own_kept *kept;   // owned; a list
};

// Finalises all, so that each is prepared anew: before the connection is closed, and after a failure that a
// change of the tables may have to do with. Zeroed is fine.
void own_statements_fini(struct own_statements *own);

// As own_run, with a statement that is kept. It is found by the address of `sql`: a text that lasts, as the
// names of its parameters do, and that always has the same ones, of the same types.
MUST_CHECK enum err_code own_run_kept(struct own_statements *own, const char *sql,
    const struct own_param *params, size_t count,
    enum err_code (*on_row)(void *ctx, struct store_stmt *stmt, struct err *err), void *ctx, struct err *err);

// As own_run_kept, of a statement of which at most one row comes, of `integer_count` integers; null is 0.
// *ret_row: there was one.
MUST_CHECK enum err_code own_run_integers(struct own_statements *own, const char *sql,
    const struct own_param *params, size_t count, int64_t *ret_integers, size_t integer_count, bool *ret_row,
    struct err *err);

// As own_run_kept. *ret_rows: how many rows came, mostly those that a RETURNING has told.
MUST_CHECK enum err_code own_run_count(struct own_statements *own, const char *sql,
    const struct own_param *params, size_t count, size_t *ret_rows, struct err *err);

// As own_run_kept, of a statement of which at most one row comes, of one text. *ret_text has it with a NUL
// behind it; it is empty where there is no row, or the text has not exactly `len` bytes.
MUST_CHECK enum err_code own_run_word(struct own_statements *own, const char *sql,
    const struct own_param *params, size_t count, size_t len, char *ret_text, struct err *err);

// Milliseconds since 1970 by the database's clock.
MUST_CHECK enum err_code own_now_ms(struct own_statements *own, int64_t *ret_now_ms, struct err *err);

// A random number from 1 on, by which whoever has taken a row knows it again.
int64_t own_token(void);

// As own_run_kept in a transaction, of a statement without rows, by store_send: its failure may come later.
MUST_CHECK enum err_code own_send_kept(struct own_statements *own, const char *sql,
    const struct own_param *params, size_t count, struct err *err);

// The first half of own_run_kept: the statement is bound, so that where a round trip is costly it goes with
// what is sent next. Its rows are the caller's to step to, and its run to reset, before any other run of it.
// What `params` borrow has to last until then.
MUST_CHECK enum err_code own_ask_kept(struct own_statements *own, const char *sql,
    const struct own_param *params, size_t count, struct store_stmt **ret_stmt, struct err *err);

// An integer of the current row; null is `null`. ERR_STORE for anything else.
MUST_CHECK enum err_code own_column_integer(
    struct store_stmt *stmt, size_t column, int64_t null, int64_t *ret_integer, struct err *err);

// A text of the current row, copied into the arena. ERR_STORE for anything else.
MUST_CHECK enum err_code own_column_text(
    struct store_stmt *stmt, size_t column, struct arena *arena, struct span *ret_text, struct err *err);

#endif
