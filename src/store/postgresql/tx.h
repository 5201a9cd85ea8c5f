// SPDX-License-Identifier: Apache-2.0
// Transactions, the savepoint, and the record that tells what became of a commit.
#ifndef RECKONER_STORE_POSTGRESQL_TX_H
#define RECKONER_STORE_POSTGRESQL_TX_H

#include <libpq-fe.h>

#include "base/err.h"
#include "store/store.h"

struct pg_conn;

MUST_CHECK enum err_code pg_begin(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code pg_begin_early(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code pg_take_turn(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code pg_commit(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code pg_wait_sent(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code pg_check_deferred(struct store_conn *base, struct err *err);
void pg_rollback(struct store_conn *base);
MUST_CHECK enum err_code pg_savepoint(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code pg_release(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code pg_rollback_to(struct store_conn *base, struct err *err);

// Queues what a transaction begins with through a pooler: BEGIN, and the session's settings for it alone.
MUST_CHECK enum err_code pg_queue_begin(struct pg_conn *conn, struct err *err);

void pg_last(struct store_conn *base);

// Runs a query of the driver's own with text parameters, as pg_query does, in the open transaction or in one
// that is rolled back.
MUST_CHECK enum err_code pg_tx_query(struct pg_conn *conn, const char *sql, int count,
    const char *const *params, PGresult **ret_result, struct err *err);

#endif
