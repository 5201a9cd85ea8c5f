// SPDX-License-Identifier: Apache-2.0
// A statement as the server has prepared it in a session.
#ifndef RECKONER_STORE_POSTGRESQL_PREPARED_H
#define RECKONER_STORE_POSTGRESQL_PREPARED_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "store/postgresql/queue.h"

struct pg_conn;
struct pg_params;
struct version;

enum { PG_NAME_CHARS = 16 }; // of a prepared statement, and a NUL

// A query of the driver's own that is prepared once in a session.
struct pg_once {
    unsigned session;         // in which it was; 0: none
    char name[PG_NAME_CHARS]; // there
};

// A partitioned table that a statement reads, as files.c has found it.
struct pg_parted {
    char *name;     // owned; of the table, in the app's schema
    uint64_t count; // of its parts and their parts, itself among them; 0: only parts without parts are read
};

// A statement as the server has it, for all those of the connection that have its text and its types: reads
// of one endpoint that are under way together.
struct pg_prepared {
    size_t users;                 // statements that run it
    char *sql;                    // owned; with $1 … in it
    size_t param_count;           //
    Oid *param_types;             // owned; those that are left to the server once it has told them
    char *files_sql;              // owned; the question for the files of its tables (files.h); NULL: none
    struct pg_once files;         // that, as the server has it
    struct pg_parted *parted;     // owned; the partitioned tables that it reads
    size_t parted_count;          //
    const struct version **views; // owned; the app's views that it reads, as they were then; of the store
    size_t view_count;            //
    uint64_t seen_tx;             // conn->seen_tx of its last run
    bool is_found;                // what it reads was found
    char name[PG_NAME_CHARS];     // on the server
    unsigned session;             // of the connection, in which it was prepared; 0: in none
};

// `sql` ends with a NUL and is taken over, also on failure; the types are to be filled in. It has one user,
// which gives it up by pg_prepared_leave.
MUST_CHECK enum err_code pg_prepared_new(
    char *sql, size_t param_count, struct pg_prepared **ret_prepared, struct err *err);

// Forgets what it was found to read.
void pg_prepared_forget(struct pg_conn *conn, struct pg_prepared *prepared);

// One user less; with the last one the server's copy and the memory go. NULL is fine.
void pg_prepared_leave(struct pg_conn *conn, struct pg_prepared *prepared);

// Whether both have the same text and parameters of the same types.
bool pg_prepared_is_same(const struct pg_prepared *one, const struct pg_prepared *other);

// Queues its preparation, if the session has none; through a pooler, never.
MUST_CHECK enum err_code pg_prepared_queue(
    struct pg_conn *conn, struct pg_prepared *prepared, struct err *err);

// Asks the server what it makes of the text that `statement` of `sql` has become. *ret_described tells its
// columns, and is to be cleared in any case. ERR_CONFIG with the place.
MUST_CHECK enum err_code pg_prepared_describe(struct pg_conn *conn, struct pg_prepared *prepared,
    struct span sql, struct span statement, PGresult **ret_described, struct err *err);

// Queues the question for the plan of the statement with these values; NULL: all are null. The answer is a
// row for each line, in *ret_plan.
MUST_CHECK enum err_code pg_prepared_explain(struct pg_conn *conn, const struct pg_prepared *prepared,
    const struct pg_params *params, PGresult **ret_plan, struct err *err);

// Queues a query of the driver's own as `item`; in a session it is prepared once. `json` is its parameter, as
// bytes; NULL: it has none.
MUST_CHECK enum err_code pg_queue_once(struct pg_conn *conn, struct pg_once *once, const char *sql,
    const struct span *json, struct pg_item item, struct err *err);

#endif
