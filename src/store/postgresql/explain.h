// SPDX-License-Identifier: Apache-2.0
// Plans, asked of the server.
#ifndef RECKONER_STORE_POSTGRESQL_EXPLAIN_H
#define RECKONER_STORE_POSTGRESQL_EXPLAIN_H

#include <libpq-fe.h>

#include "base/err.h"
#include "store/store.h"

struct pg_params;
struct pg_stmt;

// Queues EXPLAIN of the statement, in the open transaction. With the values of `params`; NULL: all are null.
MUST_CHECK enum err_code pg_queue_plan(
    struct pg_stmt *stmt, const struct pg_params *params, PGresult **ret_plan, struct err *err);

MUST_CHECK enum err_code pg_explain(struct store_stmt *base,
    void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx, struct err *err);
MUST_CHECK enum err_code pg_explain_any(struct store_stmt *base,
    void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx, struct err *err);

#endif
