// SPDX-License-Identifier: Apache-2.0
// PostgreSQL's errors in the words of store.h.
#ifndef RECKONER_STORE_POSTGRESQL_ERROR_H
#define RECKONER_STORE_POSTGRESQL_ERROR_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"
#include "store/store.h"

struct pg_conn;

// What store.h calls the failure that `result` tells of.
enum err_code pg_fail(struct pg_conn *conn, const PGresult *result, struct err *err);

// The same for the run of an endpoint's statement: what it cannot work out is ERR_VALUE.
enum err_code pg_fail_run(struct pg_conn *conn, const PGresult *result, struct err *err);

// For the driver's table; the detail is conn->detail.
struct violation pg_violation(struct store_conn *base);

// The same for a statement that did not prepare, or one of a script: `offset` is where in `sql` the text
// begins that the server was given.
enum err_code pg_fail_statement(struct pg_conn *conn, const PGresult *result, struct span sql, size_t offset,
    bool is_prepare, struct err *err);

// The connection could not be made: what libpq says, in one line, for the operator. It names hosts and roles.
enum err_code pg_fail_connect(PGconn *link, enum err_code code, struct err *err);

// The connection is gone; what libpq says is the hint, for the log. `link` may be NULL.
enum err_code pg_fail_link(PGconn *link, enum err_code code, struct err *err);

// What the failure of a PG_CHECK is called.
enum err_code pg_fail_check(struct pg_conn *conn, const PGresult *result, struct err *err);

#endif
