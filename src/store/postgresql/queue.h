// SPDX-License-Identifier: Apache-2.0
// The queue of what was sent on a link and has not been answered in full.
#ifndef RECKONER_STORE_POSTGRESQL_QUEUE_H
#define RECKONER_STORE_POSTGRESQL_QUEUE_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/err.h"

struct pg_conn;
struct pg_once;
struct pg_prepared;
struct pg_run;

enum { PG_QUEUE = 256 }; // commands under way on a connection; a request sends about ten

// What was sent and has not been answered yet.
enum pg_kind {
    PG_COMMAND, // one of the driver's own: only a failure of it matters
    PG_CHECK,   // likewise, the one of pg_begin_at: it fails when the database is behind
    PG_PREPARE, // which is not prepared where that fails
    PG_RUN,     // of a statement: its results are kept for it
    PG_FILES,   // one of the driver's own about the run before it, which is torn if it has rows
    PG_SYNC,    // the end of what a failure takes with it
};

struct pg_item {
    enum pg_kind kind;            //
    struct pg_run *run;           // PG_RUN, PG_FILES: whose; NULL when it was disowned
    struct pg_prepared *prepared; // PG_PREPARE: what; likewise
    struct pg_once *once;         // the command prepares it; NULL: it prepares none
    PGresult **keep; // of commands, checks, prepares: where its result goes, be it a failure; or NULL
};

// Notes that libpq was told to send something; `sent` is what its function returned.
MUST_CHECK enum err_code pg_queued(struct pg_conn *conn, int sent, struct pg_item item, struct err *err);

// Takes the oldest out of the queue.
struct pg_item pg_pop(struct pg_conn *conn);

// The run, or the prepared statement, gives up what is under way for it: the driver throws away what the
// server still sends for that.
void pg_disown_run(struct pg_conn *conn, const struct pg_run *run);
void pg_disown_prepared(struct pg_conn *conn, const struct pg_prepared *prepared);

// Whether the queue has a run that is somebody's still.
bool pg_is_being_read(const struct pg_conn *conn);

// Gives the link up: the runs that are under way are cut, and the transaction has failed.
void pg_lose(struct pg_conn *conn);

#endif
