// SPDX-License-Identifier: Apache-2.0
// Scripts, and the statistics of the planner.
#ifndef RECKONER_STORE_POSTGRESQL_EXEC_H
#define RECKONER_STORE_POSTGRESQL_EXEC_H

#include "base/err.h"
#include "store/store.h"

struct pg_conn;

MUST_CHECK enum err_code pg_exec(struct store_conn *base, struct span sql, struct err *err);
MUST_CHECK enum err_code pg_analyze(struct store_conn *base, struct err *err);

// The same for a script of the driver's own, of which the versions of tables need not know.
MUST_CHECK enum err_code pg_script(struct pg_conn *conn, struct span sql, struct err *err);

#endif
