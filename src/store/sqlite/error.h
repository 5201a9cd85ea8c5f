// SPDX-License-Identifier: Apache-2.0
// SQLite's errors in the words of store/store.h.
#ifndef RECKONER_STORE_SQLITE_ERROR_H
#define RECKONER_STORE_SQLITE_ERROR_H

#include <sqlite3.h>

#include "base/err.h"
#include "base/span.h"
#include "store/store.h"

struct sqlite_conn;

// What store.h calls the failure `result`, which conn->db has just had, with its text.
enum err_code sqlite_fail(struct sqlite_conn *conn, int result, struct err *err);

// The same for a statement of an endpoint that runs: what it cannot work out is ERR_VALUE.
enum err_code sqlite_fail_run(struct sqlite_conn *conn, int result, struct err *err);

// An upsert has met one key twice in its own rows.
enum err_code sqlite_fail_twice(struct sqlite_conn *conn, struct err *err);

// A foreign key that was deferred is still open.
enum err_code sqlite_fail_reference(struct sqlite_conn *conn, struct err *err);

// For the driver's table.
struct violation sqlite_violation(struct store_conn *base);

// The same for a statement that did not compile: a statement that is wrong is ERR_CONFIG, at the place that
// SQLite names or else at `offset`. `start` is where in `sql` the statement begins.
enum err_code sqlite_fail_compile(
    struct sqlite_conn *conn, int result, struct span sql, size_t start, size_t offset, struct err *err);

// The same for a file that could not be opened or set up, whose path goes before the text; db may be NULL.
enum err_code sqlite_fail_open(sqlite3 *db, int result, const char *path, struct err *err);

// ERR_NONE, or the reason why nothing can run until the transaction, which is no more, is rolled back. SQLite
// ends a transaction by itself after a full disk, an I/O error and an interrupted write; a statement that ran
// then would be a transaction of its own.
MUST_CHECK enum err_code sqlite_check_alive(const struct sqlite_conn *conn, struct err *err);

#endif
