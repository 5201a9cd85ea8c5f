// SPDX-License-Identifier: Apache-2.0
// A connection, as the files of the driver share it: its link, what is under way on that, and its
// transaction.
#ifndef RECKONER_STORE_POSTGRESQL_CONN_H
#define RECKONER_STORE_POSTGRESQL_CONN_H

#include <libpq-fe.h>

#include "base/buf.h"
#include "store/driver.h"
#include "store/postgresql/batch.h"
#include "store/postgresql/prepared.h"
#include "store/postgresql/queue.h"
#include "store/postgresql/store.h"

struct pg_errand;

enum { PG_DETAIL_BYTES = 16384 }; // of a violated key that is kept

//             it was made         commands can be queued        a COPY begins
//     lost ───────────────► opened ─────────────────► pipelined ─────────────► copying
//                                                         ▲                       │
//                                                         └───────────────────────┘
//                                                               the COPY ends
//
// pg_lose leads from everywhere to lost.
enum pg_link {
    PG_LINK_LOST,      // there is none
    PG_LINK_OPENED,    // the session is not set up yet
    PG_LINK_PIPELINED, // what is sent is answered in order, and costs no round trip
    PG_LINK_COPYING,   // rows are sent by COPY, which libpq cannot pipeline
};

// The transaction between store_begin and its end:
//
//           begin          something           its end is sent along
//                          of it is sent       with its last statement
//     none ───────► open ────────────► sent ─────────────────────► ended
//                    │                 │  ▲ ◄───────────────────────┤
//                    │       a failure │  │ rollback to              │
//                    │ a failure       ▼  │ the savepoint            │ a failure
//                    └──────► dead ◄── failed ──► asked              │
//                              ▲                                     │
//                              └─────────────────────────────────────┘
//
// Commit and rollback lead from everywhere to none. More of it may be sent when its end was sent already:
// from ended that leads to sent, from dead to failed. The record that is asked for leads to none when it
// tells that the commit was done, and else back to failed.
enum pg_tx {
    PG_TX_NONE,   //
    PG_TX_OPEN,   // nothing of it was sent: a reader's says no BEGIN
    PG_TX_SENT,   // something of it was sent, so its end has to be
    PG_TX_ENDED,  // its end was sent
    PG_TX_FAILED, // a statement in it has failed: only rollback and rollback to the savepoint work
    PG_TX_DEAD,   // likewise, and the server has nothing of it that has to be ended
    PG_TX_ASKED,  // the link was lost under its COMMIT, and its record is asked for on the next one
};

// What the caller has told of the last statement of a reader's transaction.
enum pg_last {
    PG_LAST_UNTOLD, // nothing
    PG_LAST_NEXT,   // it is the one that is bound next
    PG_LAST_BOUND,  // it was bound
};

struct pg_conn {
    struct store_conn base;       // first
    struct pg_store *store;       // borrowed
    enum store_mode mode;         //
    bool is_beside;               // of store_connect_beside: the schema is another one's to make and to drop
    PGconn *link;                 // owned; NULL: lost
    enum pg_link link_state;      //
    unsigned session;             // counts the links: what was prepared on an earlier one is gone
    unsigned named;               // statements given a name so far
    unsigned seen_session;        // in which `seen` was asked for
    struct pg_once vector;        // of pg_versions_read
    struct pg_once check;         // of pg_begin_at
    struct pg_once look;          // of pg_begin_seen
    PGresult *seen;               // owned; what the transaction of that has seen; NULL: not come yet
    uint64_t seen_round;          // of the versions of the store that is followed, when it began
    uint64_t seen_tx;             // counts the transactions that were noted
    uint64_t seen_last;           // number that these had given out before a state that it sees; 0: not known
    uint64_t deadline_ns;         // monotonic; 0: none
    const atomic_bool *interrupt; // borrowed; set when nobody waits for the statements; NULL: none
    uint64_t timeout_ms;          // statement_timeout of the session, behind the deadline
    uint64_t control_ns;          // end of the wait for what the deadline must not cut in two; 0: none is
    uint64_t cancelled_ns;    // when the last cancel request was begun, of the monotonic clock; 0: none was
    struct pg_errand *cancel; // owned; the last cancel request, until the wait that it was for is over
    bool keeps_batch;         // the table batch stays from one transaction to the next
    bool is_pooled;           // a pooler stands between: nothing outlives a transaction
    bool was_cancelled;       // the deadline has ended the statement that was waited for
    // --- what is under way
    struct pg_item queue[PG_QUEUE]; // a ring
    unsigned first, count;          // the oldest of it, and how many
    bool is_unsent;                 // something of it has no sync or flush behind it yet
    bool is_single;                 // the oldest is a run of which rows have been taken
    // --- the transaction
    enum pg_tx tx;                //
    enum pg_last last;            //
    bool has_written;             // something in it may have changed the database
    bool had_written;             // likewise, when the savepoint was made
    unsigned savepoint;           // the number in the name of the last savepoint
    struct err failure;           // why it is PG_TX_FAILED or PG_TX_DEAD
    enum violation_kind violated; // what the last constraint that was met is
    struct buf detail;            // of it, to read columns and values from
    char commit[PG_ID_CHARS];     // id of its record
    char recorded[PG_ID_CHARS];   // of the last one that is known to be there, and to be removed; or ""
    struct pg_batch batch;
};

static inline struct pg_conn *pg_conn(struct store_conn *conn)
{
    return CONTAINER_OF(conn, struct pg_conn, base);
}

void pg_deadline(struct store_conn *base, uint64_t monotonic_ns);
void pg_interrupt_when(struct store_conn *base, const atomic_bool *flag);

static inline bool pg_is_interrupted(const struct pg_conn *conn)
{
    return conn->interrupt != NULL && atomic_load_explicit(conn->interrupt, memory_order_relaxed);
}

// The one way from state to state of the link; asserts that the drawing has it.
void pg_link_move(struct pg_conn *conn, enum pg_link to);

static inline bool pg_tx_is_open(const struct pg_conn *conn)
{
    return conn->tx == PG_TX_OPEN || conn->tx == PG_TX_SENT || conn->tx == PG_TX_ENDED;
}

static inline bool pg_tx_has_failed(const struct pg_conn *conn)
{
    return conn->tx == PG_TX_FAILED || conn->tx == PG_TX_DEAD;
}

// The same for the transaction.
void pg_tx_move(struct pg_conn *conn, enum pg_tx to);

// The same for the table batch.
void pg_batch_note(struct pg_batch *batch, enum pg_batch_event event);

// Throws the rows away that are still to be sent.
void pg_batch_clear(struct pg_batch *batch);

// Something of the transaction was sent, if there is one; and so was its end.
void pg_tx_sent(struct pg_conn *conn);
void pg_tx_ended(struct pg_conn *conn);

// The open transaction has failed, if there is one, because of `err`.
void pg_fail_tx(struct pg_conn *conn, const struct err *err);

#endif
