// SPDX-License-Identifier: Apache-2.0
// Short ways to run statements on Reckoner's own tables, whose columns are texts and integers. On the
// connection's thread.
#ifndef RECKONER_ACCESS_OWN_SQL_H
#define RECKONER_ACCESS_OWN_SQL_H

#include "base/arena.h"
#include "base/err.h"
#include "store/store.h"

enum { OWN_SQL_PARAMS = 12 };

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

// An integer of the current row; null is `null`. ERR_STORE for anything else.
MUST_CHECK enum err_code own_column_integer(
    struct store_stmt *stmt, size_t column, int64_t null, int64_t *ret_integer, struct err *err);

// A text of the current row, copied into the arena. ERR_STORE for anything else.
MUST_CHECK enum err_code own_column_text(
    struct store_stmt *stmt, size_t column, struct arena *arena, struct span *ret_text, struct err *err);

#endif
