// SPDX-License-Identifier: Apache-2.0
// The schema of the app, and Reckoner's own with the helpers.
#ifndef RECKONER_STORE_POSTGRESQL_SCHEMA_H
#define RECKONER_STORE_POSTGRESQL_SCHEMA_H

#include "store/driver.h"

struct pg_conn;

// Makes what the database does not have yet, or has in another version: the app's schema; and Reckoner's with
// the helpers and the record of commits. For a STORE_WRITE connection, outside of a transaction.
MUST_CHECK enum err_code pg_schema_make(struct pg_conn *conn, struct err *err);

// store_empty: removes the app's schema with all that is in it.
MUST_CHECK enum err_code pg_schema_empty(struct store_conn *base, struct err *err);

// The same in a transaction of its own, as well as it can.
void pg_schema_drop(struct pg_conn *conn);

// store_has_own_table: whether the app's schema has a table of that name.
MUST_CHECK enum err_code pg_has_table(
    struct store_conn *base, const char *name, bool *ret_has_table, struct err *err);

#endif
