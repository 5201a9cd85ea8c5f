// SPDX-License-Identifier: Apache-2.0
// The tables that a statement reads, and whether all of them have versions.
#ifndef RECKONER_STORE_POSTGRESQL_READS_H
#define RECKONER_STORE_POSTGRESQL_READS_H

#include <stdbool.h>

#include "base/err.h"
#include "store/store.h"

struct pg_conn;
struct pg_stmt;

MUST_CHECK enum err_code pg_reads(
    struct store_stmt *base, void (*on_table)(void *ctx, const char *table), void *ctx, struct err *err);
// Finds the relations that the statement reads, views and what is behind them too, and calls `ask` with their
// oids as an array, in a transaction of its own.
MUST_CHECK enum err_code pg_ask_about_relations(struct pg_stmt *stmt,
    enum err_code (*ask)(void *ctx, struct pg_conn *conn, const char *relations, struct err *err), void *ctx,
    struct err *err);

MUST_CHECK enum err_code pg_versions_under(
    struct store_stmt *base, void (*on_name)(void *ctx, const char *name), void *ctx, struct err *err);
MUST_CHECK enum err_code pg_versions_cover(struct store_stmt *base, bool *ret_is_covered, struct err *err);

#endif
