// SPDX-License-Identifier: Apache-2.0
// A connection: its settings, its deadline, and its patience with locks. One thread at a time.
#ifndef RECKONER_STORE_SQLITE_CONN_H
#define RECKONER_STORE_SQLITE_CONN_H

#include <assert.h>

#include <sqlite3.h>

#include "store/driver.h"
#include "store/sqlite/batch.h"
#include "store/sqlite/permit.h"
#include "store/sqlite/tracks.h"
#include "store/sqlite/twice.h"
#include "store/sqlite/tx.h"
#include "store/sqlite/writes.h"

enum {
    // Of a pattern of LIKE or GLOB, which takes time in proportion to pattern times text, in one step that no
    // deadline ends.
    SQLITE_PATTERN_BYTES = 1000,
};

// What a prompt connection has beside (prompt.c).
struct sqlite_prompt {
    bool is_meant;               // it is one; else all of this is unused
    bool reads_log;              // the snapshot may read from the log
    int schema;                  // the schema's number when statements were prepared
    uint64_t state;              // of which the snapshot is (sqlite_state_now)
    sqlite3_stmt *schema_number; // owned
};

struct sqlite_store; // store.h
struct sqlite_reads; // reads.h
struct sqlite_calls; // calls.h

struct sqlite_conn {
    struct store_conn base;               // first
    struct sqlite_store *store;           // borrowed
    enum store_mode mode;                 //
    sqlite3 *db;                          // owned
    sqlite3_stmt *control[CONTROL_COUNT]; // owned; see tx.h
    uint64_t deadline_ns;                 // monotonic; 0: none
    const atomic_bool *interrupt;         // borrowed; set when nobody waits for the statements; NULL: none
    uint64_t busy_since_ns;               // when the wait for a lock that goes on now began
    uint64_t busy_limit_ms;               // how long it may go on
    sqlite3_int64 log_bound_bytes;        // the log is made to begin again when it has more than these
    enum sqlite_origin origin;            // what the authorizer enforces at the moment
    struct sqlite_reads *reads;           // collects the tables of the SQL that is being compiled; or NULL
    struct sqlite_writes *noting;         // the tables that it may write are added to it; NULL: it may be any
    struct sqlite_calls *calls;           // collects the functions that it calls; or NULL
    uint64_t asked_time;                  // how often this thread had asked for the time (calls.h)
    char refusal[120];                    // why the authorizer refused, or ""
    const char *incomplete;               // SQL being compiled names a helper without its arguments; or NULL
    bool in_control;                      // a control statement runs, which the deadline must not cut in two
    enum sqlite_tx tx;                    // moved by sqlite_tx_move alone
    enum violation_kind violated;         // what the last constraint was; VIOLATION_OTHER: nothing to tell
    char violated_columns[256];           // its columns, with ", " between them, or ""
    uint64_t begun_at;                    // the last number that was given out before sqlite_begin_seen
    enum err_code lost;                   // why it is SQLITE_TX_LOST
    struct sqlite_writes writes;          // what the transaction may have written
    struct sqlite_writes_mark kept_writes; // what it had at its savepoint
    struct sqlite_tracks tracks;           // and which rows, by buckets
    struct sqlite_prompt prompt;
    struct sqlite_batch batch;
    struct sqlite_twice twice; // of the upsert that runs
    char inserts_into[256];    // the table into which the SQL compiled last inserts, cut when longer
};

static inline struct sqlite_conn *sqlite_conn(struct store_conn *conn)
{
    return CONTAINER_OF(conn, struct sqlite_conn, base);
}

// The one way from state to state of the transaction; asserts that the drawing has it.
static inline void sqlite_tx_move(struct sqlite_conn *conn, enum sqlite_tx to)
{
    assert(to == SQLITE_TX_NONE || (to == SQLITE_TX_OPEN) == (conn->tx == SQLITE_TX_NONE));
    conn->tx = to;
}

static inline bool sqlite_is_interrupted(const struct sqlite_conn *conn)
{
    return conn->interrupt != NULL && atomic_load_explicit(conn->interrupt, memory_order_relaxed);
}

MUST_CHECK enum err_code sqlite_connect(
    struct store *store, enum store_mode mode, struct store_conn **ret_conn, struct err *err);
void sqlite_disconnect(struct store_conn *base);
void sqlite_deadline(struct store_conn *base, uint64_t monotonic_ns);
void sqlite_interrupt_when(struct store_conn *base, const atomic_bool *flag);

// Has the deadline looked at each so many steps of SQLite's machine.
void sqlite_look_each(struct sqlite_conn *conn, int steps);

#endif
