// SPDX-License-Identifier: Apache-2.0
// The rows of a statement's run.
#ifndef RECKONER_STORE_POSTGRESQL_STEP_H
#define RECKONER_STORE_POSTGRESQL_STEP_H

#include "store/store.h"

MUST_CHECK enum err_code pg_step(struct store_stmt *base, bool *ret_row, struct err *err);
MUST_CHECK enum err_code pg_column(
    struct store_stmt *base, size_t column, struct value *ret_value, struct err *err);
MUST_CHECK enum err_code pg_column_micros(
    struct store_stmt *base, size_t column, struct value *ret_value, struct err *err);
MUST_CHECK enum err_code pg_key(
    struct store_stmt *base, size_t column, struct value *ret_value, struct err *err);

#endif
