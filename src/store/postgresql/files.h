// SPDX-License-Identifier: Apache-2.0
// Whether the tables that a read has seen are those of its snapshot, and have the parts that they had.
#ifndef RECKONER_STORE_POSTGRESQL_FILES_H
#define RECKONER_STORE_POSTGRESQL_FILES_H

#include "base/err.h"

struct pg_conn;
struct pg_prepared;
struct pg_run;

// Notes in `prepared` which tables and views its runs read, for pg_files_queue and pg_version_seen: of a
// STORE_READ connection, outside of a transaction. Where the database does not tell, nothing is noted.
// ERR_NO_MEMORY.
MUST_CHECK enum err_code pg_files_find(struct pg_conn *conn, struct pg_prepared *prepared, struct err *err);

// Does so again where a view that they read may have been made anew since then: under the same conditions.
MUST_CHECK enum err_code pg_files_find_anew(
    struct pg_conn *conn, struct pg_prepared *prepared, struct err *err);

// Queues, behind the run, the question for the files of its tables.
MUST_CHECK enum err_code pg_files_queue(
    struct pg_conn *conn, struct pg_prepared *prepared, struct pg_run *run, struct err *err);

// When all of the run has come: takes the answer. ERR_STALE when a table has been written anew, or
// has other parts.
MUST_CHECK enum err_code pg_files_check(struct pg_conn *conn, const struct pg_run *run, struct err *err);

#endif
