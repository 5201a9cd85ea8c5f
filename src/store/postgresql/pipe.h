// SPDX-License-Identifier: Apache-2.0
// Commands that are sent ahead, and what comes back for them; the deadline.
#ifndef RECKONER_STORE_POSTGRESQL_PIPE_H
#define RECKONER_STORE_POSTGRESQL_PIPE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct pg_conn;
struct pg_run;

enum { PG_WHOLE_BYTES = 4 * 1024 * 1024 }; // of an answer that is taken as a whole

// Queues a command of one statement, with its parameters as text, to be sent with what comes next. Failures
// show up where results are read. `ret_result` (may be NULL) gets its result then, to be cleared by the
// caller; a failure too, which is the caller's to report.
MUST_CHECK enum err_code pg_command(struct pg_conn *conn, const char *sql, struct err *err);
MUST_CHECK enum err_code pg_command_with(struct pg_conn *conn, const char *sql, int param_count,
    const char *const *params, PGresult **ret_result, struct err *err);

// Sends what is queued and lets the server answer it. A reader's transaction stays open behind it, what is
// outside of a transaction is committed.
MUST_CHECK enum err_code pg_flush(struct pg_conn *conn, struct err *err);

// Queues a sync, where a failure ends, and sends all. What was not in a transaction is committed by it.
MUST_CHECK enum err_code pg_sync(struct pg_conn *conn, struct err *err);

// Reads what is under way: all of it, or up to what is due to the run. The first failure of a command
// is returned; what statements get is kept for them.
MUST_CHECK enum err_code pg_drain(struct pg_conn *conn, struct err *err);
MUST_CHECK enum err_code pg_drain_until(struct pg_conn *conn, const struct pg_run *run, struct err *err);

// True while the server still executes a reader's statement whose run was disowned, such as an answer that a
// check has refused. A run of which all has come already, be it unread, is read and does not count.
bool pg_runs_disowned(struct pg_conn *conn);

// pg_drain, and what `*result` is in: the rows of a query whose result goes there. Its failure is returned;
// the caller clears it all the same.
MUST_CHECK enum err_code pg_drain_rows(struct pg_conn *conn, PGresult *const *result, struct err *err);

// Runs a query of the driver's own, with its parameters as text, and waits for its rows. *ret_result is to be
// cleared, also after a failure; it is NULL before.
MUST_CHECK enum err_code pg_query(struct pg_conn *conn, const char *sql, int param_count,
    const char *const *params, PGresult **ret_result, struct err *err);

// The next result of the oldest, which leaves the queue with its last one; waits until the deadline. With
// nothing in the queue, that of a COPY, and NULL at its end. ERR_BUSY: lost.
MUST_CHECK enum err_code pg_next_result(struct pg_conn *conn, PGresult **ret_result, struct err *err);

// Sends what libpq holds, as fast as the server takes it, until the deadline. ERR_BUSY, ERR_TIMEOUT: lost.
MUST_CHECK enum err_code pg_push(struct pg_conn *conn, struct err *err);

// Asks the server to end what it runs, and does not wait for that; what comes back tells whether it has.
void pg_cancel(struct pg_conn *conn);

// ERR_TIMEOUT when the deadline has passed already.
MUST_CHECK enum err_code pg_check_deadline(const struct pg_conn *conn, struct err *err);

// Reads what the server says of the run, which has come, by the PG_FILES behind it, if any.
MUST_CHECK enum err_code pg_drain_files(struct pg_conn *conn, const struct pg_run *run, struct err *err);

#endif
