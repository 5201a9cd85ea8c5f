// SPDX-License-Identifier: Apache-2.0
// A statement as the server has prepared it in a session.
#ifndef RECKONER_STORE_POSTGRESQL_PREPARED_H
#define RECKONER_STORE_POSTGRESQL_PREPARED_H

#include <libpq-fe.h>

#include "base/err.h"
#include "base/span.h"

struct pg_stmt;

enum { PG_NAME_CHARS = 16 }; // of a prepared statement, and a NUL

// A statement as the server has it, for all those of the connection that have its text and its types: reads
// of one endpoint that are under way together.
struct pg_prepared {
    size_t users;             // statements that run it
    char *sql;                // owned; with $1 … in it
    size_t param_count;       //
    Oid *param_types;         // owned; those that are left to the server once it has told them
    char name[PG_NAME_CHARS]; // on the server
    unsigned session;         // of the connection, in which it was prepared; 0: in none
};

// Into stmt->prepared, which nobody else runs yet: `sql` ends with a NUL and is taken over, be it an error;
// the types are to be filled in. The statement gives it up by pg_prepared_leave.
MUST_CHECK enum err_code pg_prepared_new(
    struct pg_stmt *stmt, char *sql, size_t param_count, struct err *err);
void pg_prepared_leave(struct pg_stmt *stmt);

// Queues its preparation, if the session has none; through a pooler, never.
MUST_CHECK enum err_code pg_prepared_queue(struct pg_stmt *stmt, struct err *err);

// Asks the server what it makes of the text that `statement` of `sql` has become. *ret_described tells its
// columns, and is to be cleared in any case. ERR_CONFIG with the place.
MUST_CHECK enum err_code pg_prepared_describe(
    struct pg_stmt *stmt, struct span sql, struct span statement, PGresult **ret_described, struct err *err);

#endif
