// SPDX-License-Identifier: Apache-2.0
// What the files of the SQLite driver share. Private to them and to the driver's own tests.
//
//   sqlite.c           stores; opening and closing
//   conn.c      connections: their settings, deadline, and waiting for locks
//   tx.c        transactions and the savepoint
//   rule.c      what SQL may not do
//   stmt.c      statements and scripts
//   batch.c     the table batch
//   calendar.c  the table calendar(from, to)
//   list.c      the table list(text)
//   distance.c  the function distance_m(lat1, lng1, lat2, lng2)
//   explain.c   plans, and unique keys
//   watch.c     how many commits a store has had
//   reads.c     the tables that a statement reads
//   program.c   the programs that SQLite makes of statements
//   error.c     SQLite's errors in the words of store.h
#ifndef RECKONER_STORE_SQLITE_TYPES_H
#define RECKONER_STORE_SQLITE_TYPES_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "store/driver.h"

enum {
    // Of a pattern of LIKE or GLOB, which takes time in proportion to pattern times text, in one step that no
    // deadline ends.
    SQLITE_PATTERN_BYTES = 1000,
};

struct sqlite_store {
    struct store base;       // first: &store->base is the store of store.h
    char *path;              // owned; as given
    bool in_memory;          // ":memory:"
    atomic_bool connected;   // in_memory only: its one connection is there
    struct store_conn *last; // owned; held until store_close, so that the file is checkpointed and its -wal
                             // removed then, whichever reader or writer goes first. NULL in memory.
    pthread_mutex_t lock;    // of data_version, and of `last` while it runs
    sqlite3_stmt *data_version; // owned; of `last`. NULL: nobody watches the store
};

// What SQL is being compiled: see rule.c.
enum sqlite_rule {
    RULE_INTERNAL,  // the driver's own: anything goes
    RULE_STATEMENT, // of an endpoint
    RULE_SCRIPT,    // of a migration
};

// The driver's own statements, prepared with the connection.
enum sqlite_control {
    CONTROL_BEGIN,
    CONTROL_COMMIT,
    CONTROL_ROLLBACK,
    CONTROL_SAVEPOINT,
    CONTROL_RELEASE,
    CONTROL_ROLLBACK_TO,
    CONTROL_COUNT,
};

struct sqlite_reads; // reads.c

struct sqlite_batch {
    struct buf definition;     // the CREATE TABLE that made what is there now; owned
    bool known;                // the table is there and is as `definition` says
    bool made_in_transaction;  // made by the open transaction, so that a rollback takes it away
    bool made_since_savepoint; // made after its savepoint, likewise
    size_t field_count;        // columns but for line
    sqlite3_stmt *insert;      // one row; NULL when there is no table
    sqlite3_stmt *clear;       // all rows; likewise
};

struct sqlite_conn {
    struct store_conn base;               // first
    struct sqlite_store *store;           // borrowed
    sqlite3 *db;                          // owned
    sqlite3_stmt *control[CONTROL_COUNT]; // owned
    struct sqlite_stmt *stmts;            // owned; a list of those that store_prepare gave out
    uint64_t deadline_ns;                 // monotonic; 0: none
    uint64_t busy_since_ns;               // when the wait for a lock that goes on now began
    enum sqlite_rule rule;                // what the authorizer enforces at the moment
    struct sqlite_reads *reads;           // what is being compiled is compiled to know its tables; or NULL
    char refusal[120];                    // why it refused, or ""
    const char *incomplete;               // SQL being compiled names a helper without its arguments; or NULL
    bool in_control;                      // a control statement runs, which the deadline must not cut in two
    bool in_transaction;                  // between store_begin and its end
    enum err_code lost; // SQLite has ended that transaction by itself: why; ERR_NONE otherwise
    struct sqlite_batch batch;
};

struct sqlite_stmt {
    struct store_stmt base;    // first
    struct sqlite_conn *conn;  // borrowed
    struct sqlite_stmt *next;  // in conn->stmts
    struct sqlite_stmt **link; // what points at this one there
    sqlite3_stmt *handle;      // owned
    size_t bound_count;        // SQLite's parameters
    uint16_t *bound;           // owned; the index in params of each of them
    bool is_bound;             // between bind and reset: what it borrows is there
    bool is_stepped;           // the run has begun: its columns have been looked at
};

static inline struct sqlite_store *sqlite_store(struct store *store)
{
    return CONTAINER_OF(store, struct sqlite_store, base);
}

static inline struct sqlite_conn *sqlite_conn(struct store_conn *conn)
{
    return CONTAINER_OF(conn, struct sqlite_conn, base);
}

static inline struct sqlite_stmt *sqlite_stmt(struct store_stmt *stmt)
{
    return CONTAINER_OF(stmt, struct sqlite_stmt, base);
}

// --- conn.c

MUST_CHECK enum err_code sqlite_connect(
    struct store *store, enum store_mode mode, struct store_conn **ret_conn, struct err *err);
void sqlite_disconnect(struct store_conn *base);
void sqlite_deadline(struct store_conn *base, uint64_t monotonic_ns);

// --- tx.c

MUST_CHECK enum err_code sqlite_begin(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code sqlite_commit(struct store_conn *base, struct err *err);
void sqlite_rollback(struct store_conn *base);
MUST_CHECK enum err_code sqlite_savepoint(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code sqlite_release(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code sqlite_rollback_to(struct store_conn *base, struct err *err);

// Prepares and finalises the control statements.
MUST_CHECK enum err_code sqlite_controls_init(
    struct sqlite_conn *conn, enum store_mode mode, struct err *err);
void sqlite_controls_fini(struct sqlite_conn *conn);

// ERR_NONE, or the reason why nothing can run until the transaction, which is no more, is rolled back. SQLite
// ends a transaction by itself after a full disk, an I/O error and an interrupted write; a statement that ran
// then would be a transaction of its own.
MUST_CHECK enum err_code sqlite_check_alive(const struct sqlite_conn *conn, struct err *err);

// --- rule.c

// Makes the connection refuse by conn->rule; once, as it expires all prepared statements.
void sqlite_rule_install(struct sqlite_conn *conn);

// Refuses what the authorizer is not asked about. `first` is the statement's first word.
MUST_CHECK bool sqlite_rule_allows(struct sqlite_conn *conn, enum sqlite_rule rule, struct span first);

// --- stmt.c

MUST_CHECK enum err_code sqlite_prepare(struct store_conn *base, struct span sql,
    const struct store_name *params, size_t param_count, struct store_stmt **ret_stmt, struct err *err);
void sqlite_finalize(struct store_stmt *base);
MUST_CHECK enum err_code sqlite_bind(struct store_stmt *base, const struct value *values, struct err *err);
MUST_CHECK enum err_code sqlite_step(struct store_stmt *base, bool *ret_row, struct err *err);
MUST_CHECK enum err_code sqlite_column(
    struct store_stmt *base, size_t column, struct value *ret_value, struct err *err);
void sqlite_reset(struct store_stmt *base);
MUST_CHECK enum err_code sqlite_exec(struct store_conn *base, struct span sql, struct err *err);

// Binds a value to the parameter of that 1-based number; text is borrowed. An SQLite result code.
MUST_CHECK int sqlite_bind_value(sqlite3_stmt *handle, int number, const struct value *value);

// --- batch.c

MUST_CHECK enum err_code sqlite_batch_open(
    struct store_conn *base, const struct store_name *fields, size_t field_count, struct err *err);
MUST_CHECK enum err_code sqlite_batch_close(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code sqlite_batch_add(
    struct store_conn *base, const struct value *values, int64_t line, struct err *err);

void sqlite_batch_init(struct sqlite_batch *batch);
void sqlite_batch_fini(struct sqlite_batch *batch);

// Told of what becomes of a table that the transaction made.
void sqlite_batch_on_savepoint(struct sqlite_batch *batch);
void sqlite_batch_on_commit(struct sqlite_batch *batch);
void sqlite_batch_on_rollback(struct sqlite_batch *batch);
void sqlite_batch_on_rollback_to(struct sqlite_batch *batch);

// --- calendar.c

// Gives the connection the table calendar. An SQLite result code.
MUST_CHECK int sqlite_calendar_install(struct sqlite_conn *conn);

// --- list.c, distance.c

// Give the connection the table list and the function distance_m. An SQLite result code.
MUST_CHECK int sqlite_list_install(struct sqlite_conn *conn);
MUST_CHECK int sqlite_distance_install(struct sqlite_conn *conn);

// --- program.c

enum sqlite_op_kind {
    OP_OTHER,
    OP_OPEN,      // opens cursor p1 on the b-tree with root page p2 of database p3
    OP_START,     // cursor p1 goes to its first or last entry
    OP_NEXT,      // cursor p1 goes on, and the loop at p2
    OP_COUNT,     // counts the entries under cursor p1
    OP_LIMIT,     // goes to p2 when there are rows enough
    OP_CONDITION, // goes to p2, perhaps
    OP_GOTO,      // goes to p2
    OP_YIELD,     // goes on in the other coroutine of register p1
};

// An instruction; what p1 to p3 are otherwise does not matter.
struct sqlite_op {
    enum sqlite_op_kind kind; //
    int p1, p2, p3;           //
};

struct sqlite_program {
    struct sqlite_op *ops; // owned; by address
    size_t count;          // of them
    size_t cap;            // that fit
    bool whole;            // all of them are there
};

// Calls on_row for each row that `prefix` ("EXPLAIN ", "EXPLAIN QUERY PLAN ") gives for the statement, with
// its parameters if it is in a run. Errors of on_row, and those of sqlite_fail.
MUST_CHECK enum err_code sqlite_rows_of(struct sqlite_stmt *stmt, const char *prefix,
    enum err_code (*on_row)(void *ctx, sqlite3_stmt *row, struct err *err), void *ctx, struct err *err);

// The statement's program, without those of triggers; that of an EXPLAIN is empty.
MUST_CHECK enum err_code sqlite_program_read(
    struct sqlite_stmt *stmt, struct sqlite_program *ret_program, struct err *err);
void sqlite_program_fini(struct sqlite_program *program);

// The opening of the table or index that is visited as a whole by the loop that begins between `address` and
// `end`, or by the counting in front of it; NULL for a loop over anything else, or one that a LIMIT ends
// before: when `is_ordered`, or when no row is passed over.
const struct sqlite_op *sqlite_program_scan(
    const struct sqlite_program *program, size_t address, size_t end, bool is_ordered);

// The name of the table behind an OP_OPEN, to be freed; NULL for SQLite's own and temporary ones.
MUST_CHECK enum err_code sqlite_op_table(
    struct sqlite_conn *conn, const struct sqlite_op *open, char **ret_name, struct err *err);

// --- explain.c

MUST_CHECK enum err_code sqlite_explain(struct store_stmt *base,
    void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx, struct err *err);
MUST_CHECK enum err_code sqlite_is_unique(
    struct store_stmt *base, const struct span *columns, size_t count, bool *ret_is_unique, struct err *err);

// --- watch.c

MUST_CHECK enum err_code sqlite_watch(struct store *base, struct err *err);
bool sqlite_version(struct store *base, const char *table, uint64_t *ret_version);

// Before the last connection is closed.
void sqlite_watch_end(struct sqlite_store *store);

// --- reads.c

MUST_CHECK enum err_code sqlite_reads(
    struct store_stmt *base, void (*on_table)(void *ctx, const char *table), void *ctx, struct err *err);

// Told of the tables, and of more that are none, while a statement is compiled for sqlite_reads.
void sqlite_note_read(struct sqlite_reads *reads, const char *table);

// --- error.c

// What store.h calls the failure `result`, which conn->db has just had, with its text.
enum err_code sqlite_fail(struct sqlite_conn *conn, int result, struct err *err);

// The same for a statement that did not compile: a statement that is wrong is ERR_CONFIG, at the place that
// SQLite names or else at `offset`. `start` is where in `sql` the statement begins.
enum err_code sqlite_fail_compile(
    struct sqlite_conn *conn, int result, struct span sql, size_t start, size_t offset, struct err *err);

// The same for a file that could not be opened or set up, whose path goes before the text; db may be NULL.
enum err_code sqlite_fail_open(sqlite3 *db, int result, const char *path, struct err *err);

#endif
