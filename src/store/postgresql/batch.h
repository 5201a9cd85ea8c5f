// SPDX-License-Identifier: Apache-2.0
// The table batch, filled by COPY, or by INSERT when it has a few rows.
#ifndef RECKONER_STORE_POSTGRESQL_BATCH_H
#define RECKONER_STORE_POSTGRESQL_BATCH_H

#include "base/buf.h"
#include "store/postgresql/prepared.h"
#include "store/postgresql/value.h"
#include "store/store.h"

struct pg_conn;

// What the session has of the table.
enum pg_batch_state {
    PG_BATCH_UNKNOWN, // it may be there or not, with any columns and rows
    PG_BATCH_EMPTY,   // it is there with the definition, without rows
    PG_BATCH_FILLED,  // likewise, and there may be rows in it
};

// What happens to it, and where that leads:
//
//                  UNKNOWN     EMPTY       FILLED
//     made         EMPTY       EMPTY       EMPTY       (in a transaction)
//     filled       UNKNOWN     FILLED      FILLED      (rows are on their way)
//     kept         UNKNOWN     EMPTY       EMPTY       (by a commit that takes its rows alone)
//     gone         UNKNOWN     UNKNOWN     UNKNOWN     (with a transaction, with the link, or for other
//     fields)
enum pg_batch_event {
    PG_BATCH_MADE,
    PG_BATCH_WAS_FILLED,
    PG_BATCH_KEPT,
    PG_BATCH_GONE,
};

struct pg_batch {
    struct buf definition;     // the columns that were asked for last, as SQL: "orig" text COLLATE "C", …
    struct buf rows;           // to be sent, as COPY has them
    size_t row_count;          // of these
    size_t field_count;        // columns but for line
    enum pg_type *types;       // owned; of the columns; field_count of them
    struct pg_once insert;     // of one row, for that definition
    struct pg_once empty;      // takes all rows away
    enum pg_batch_state state; // moved by pg_batch_note alone
    bool is_asked;             // it was opened, and is still to be made or emptied
    bool is_for_few;           // statements over it were planned for few rows
    uint64_t made_ns;          // when it was made; monotonic
};

MUST_CHECK enum err_code pg_batch_open(
    struct store_conn *base, const struct store_name *fields, size_t field_count, struct err *err);
MUST_CHECK enum err_code pg_batch_close(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code pg_batch_add(
    struct store_conn *base, const struct value *values, int64_t line, struct err *err);

void pg_batch_init(struct pg_batch *batch);
void pg_batch_fini(struct pg_batch *batch);

// Sends the rows that are left and ends their COPY. To be called before anything else is sent.
MUST_CHECK enum err_code pg_batch_finish(struct pg_conn *conn, struct err *err);

// A transaction was committed: what is left of the table.
void pg_batch_keep(struct pg_conn *conn);

// Gives up the rows that are on their way, and forgets the table: what it was made in has been taken back.
void pg_batch_forget(struct pg_conn *conn);

// Queues the CREATE TABLE of the fields that were asked for last, if there were any.
MUST_CHECK enum err_code pg_batch_make(struct pg_conn *conn, struct err *err);

#endif
