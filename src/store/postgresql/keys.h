// SPDX-License-Identifier: Apache-2.0
// Unique keys, and columns without nulls.
#ifndef RECKONER_STORE_POSTGRESQL_KEYS_H
#define RECKONER_STORE_POSTGRESQL_KEYS_H

#include <stdbool.h>

#include "store/store.h"

MUST_CHECK enum err_code pg_is_unique(
    struct store_stmt *base, const struct span *columns, size_t count, bool *ret_is_unique, struct err *err);
MUST_CHECK enum err_code pg_column_not_null(
    struct store_stmt *base, size_t column, bool *ret_is_not_null, struct err *err);

#endif
