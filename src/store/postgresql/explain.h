// SPDX-License-Identifier: Apache-2.0
// Plans and unique keys, asked of the server.
#ifndef RECKONER_STORE_POSTGRESQL_EXPLAIN_H
#define RECKONER_STORE_POSTGRESQL_EXPLAIN_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"

struct pg_params;
struct pg_stmt;

// Queues EXPLAIN of the statement, in the open transaction. With the values of `params`; NULL: all are null.
MUST_CHECK enum err_code pg_queue_plan(
    struct pg_stmt *stmt, const struct pg_params *params, PGresult **ret_plan, struct err *err);

// Appends an item to an array of texts as PostgreSQL reads it, {"a","b"}; then its end and a NUL.
void pg_append_item(struct buf *array, struct span item);
void pg_end_array(struct buf *array);

// Appends every word of the statement that may be a name, as an array of texts, and a NUL.
void pg_append_words(const char *sql, struct buf *array);

MUST_CHECK enum err_code pg_explain(struct store_stmt *base,
    void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx, struct err *err);
MUST_CHECK enum err_code pg_explain_any(struct store_stmt *base,
    void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx, struct err *err);
MUST_CHECK enum err_code pg_is_unique(
    struct store_stmt *base, const struct span *columns, size_t count, bool *ret_is_unique, struct err *err);
MUST_CHECK enum err_code pg_column_not_null(
    struct store_stmt *base, size_t column, bool *ret_is_not_null, struct err *err);

#endif
