// SPDX-License-Identifier: Apache-2.0
// Prepared statements.
#ifndef RECKONER_STORE_SQLITE_STMT_H
#define RECKONER_STORE_SQLITE_STMT_H

#include <sqlite3.h>

#include "store/driver.h"
#include "store/sqlite/twice.h"
#include "store/sqlite/writes.h"

struct sqlite_conn;

// Of a statement's run: none ── bind ─► bound ── step ─► stepped ── reset ─► none.
enum sqlite_run {
    RUN_NONE,
    RUN_BOUND,   // the values that the statement borrows are there
    RUN_STEPPED, // and its columns are those that it was prepared with
};

struct sqlite_stmt {
    struct store_stmt base;         // first
    struct sqlite_conn *conn;       // borrowed
    sqlite3_stmt *handle;           // owned
    size_t bound_count;             // SQLite's parameters
    uint16_t *bound;                // owned; the index in params of each of them
    enum sqlite_run run;            // where its run is
    struct sqlite_writes may_write; // the tables
    struct sqlite_upsert upsert;    // whether it may meet one key twice in its own rows
};

static inline struct sqlite_stmt *sqlite_stmt(struct store_stmt *stmt)
{
    return CONTAINER_OF(stmt, struct sqlite_stmt, base);
}

MUST_CHECK enum err_code sqlite_prepare(struct store_conn *base, struct span sql,
    const struct store_name *params, size_t param_count, struct store_stmt **ret_stmt, struct err *err);
void sqlite_finalize(struct store_stmt *base);
MUST_CHECK enum err_code sqlite_bind(struct store_stmt *base, const struct value *values, struct err *err);
MUST_CHECK enum err_code sqlite_step(struct store_stmt *base, bool *ret_row, struct err *err);
MUST_CHECK enum err_code sqlite_column(
    struct store_stmt *base, size_t column, struct value *ret_value, struct err *err);
void sqlite_reset(struct store_stmt *base);

// Binds a value to the parameter of that 1-based number; text is borrowed. An SQLite result code.
MUST_CHECK int sqlite_bind_value(sqlite3_stmt *handle, int number, const struct value *value);

#endif
