// SPDX-License-Identifier: Apache-2.0
// Plans of statements, and what is known of the columns and keys of the tables that they read.
#ifndef RECKONER_STORE_SQLITE_EXPLAIN_H
#define RECKONER_STORE_SQLITE_EXPLAIN_H

#include "store/driver.h"

MUST_CHECK enum err_code sqlite_explain(struct store_stmt *base,
    void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx, struct err *err);
MUST_CHECK enum err_code sqlite_is_unique(
    struct store_stmt *base, const struct span *columns, size_t count, bool *ret_is_unique, struct err *err);
MUST_CHECK enum err_code sqlite_column_not_null(
    struct store_stmt *base, size_t column, bool *ret_is_not_null, struct err *err);

#endif
