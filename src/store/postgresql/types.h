// SPDX-License-Identifier: Apache-2.0
// What the files of the PostgreSQL driver share. Private to them and to the driver's own tests.
//
//   store.c           stores; opening and closing
//   conn.c      connections: making, losing and remaking them; the settings of their sessions
//   link.c      which host a link leads to
//   breaker.c      who may try to reach a server that was lost
//   errand.c    cancel requests and pings, which are connections of their own
//   pipe.c      what is sent ahead, and what comes back for it; the deadline
//   tx.c        transactions, the savepoint, and the record that tells what became of a commit
//   rule.c      what SQL may not do, and whether it writes
//   sql.c       :name to $n; scripts into statements
//   prepared.c  what a session's server has prepared
//   stmt.c      statements
//   exec.c      scripts
//   value.c     values on the wire
//   batch.c     the table batch, by COPY
//   schema.c    the schema of the app, and Reckoner's own with the helpers
//   versions.c  how far each table has come, and marks of it
//   watch.c     the thread that keeps up with a store
//   reads.c     the tables that a statement reads, and whether all have versions
//   explain.c   plans and unique keys
//   error.c     PostgreSQL's errors in the words of store.h
//
// Everything is sent through libpq's pipeline mode: a command costs no round trip until somebody needs to
// know what became of it. The order of what was sent is kept in conn->queue.
#ifndef RECKONER_STORE_POSTGRESQL_TYPES_H
#define RECKONER_STORE_POSTGRESQL_TYPES_H

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/limits.h"
#include "store/driver.h"
#include "store/version_slots.h"

enum {
    PG_QUEUE = 256, // commands under way on a connection; a request sends about ten
    PG_UUID_BYTES = 16,
    PG_ID_CHARS = 37,      // a UUID as text, and a NUL
    PG_NAME_CHARS = 16,    // of a prepared statement, and a NUL
    PG_CHANNEL_CHARS = 26, // of the app's notifications, and a NUL
    PG_TEXT_BYTES = 40,    // any value that becomes text here: a timestamp, a UUID
    PG_CANCEL_MS = 2000, // from a cancel request to the end of its statement; then the connection is given up
    PG_CANCEL_AGAIN_MS = 100, // a cancel request that came before its statement began is lost: it is repeated
    PG_LOOK_MS = 20,          // how often one looks how a ping went
    PG_CANCELS = 16,          // cancel requests that are under way in the process, each on a thread
    PG_PINGS = 64,            // pings likewise
    PG_CHECK_MS = 2000,       // a check of a mark, a matter of milliseconds: the read can be done elsewhere
    PG_DETAIL_BYTES = 16384,  // of a violated key that is kept
    PG_PAUSE_MS = 100,        // after a failed connect: the first pause before the next; it doubles …
    PG_PAUSE_MAX_MS = 1000,   // … up to this, so that Retry-After: 1 is true
    PG_TRUST_MS = 1000,       // after a connect that succeeded nobody waits for another's
    PG_WATCH_MS = 1000,       // the watch asks whether the server is there
    PG_AGAIN_MS = 100,        // before what became of a commit is asked once more
    PG_COPY_BYTES = 64 * 1024, // of rows that are sent at a time
    PG_SMALL_ROWS = 1000, // a reader's run with no more leads one to expect that the next one has few, too
    PG_WHOLE_BYTES = 4 * 1024 * 1024, // of an answer that is taken as a whole
    PG_SLOW_MS = 10, // an answer that took longer is worth a message between it and the checks before it
};

// The types of pg_type.dat that values have on the wire; the numbers are fixed for good.
enum pg_type {
    PG_TYPE_UNKNOWN = 0, // to be inferred from the statement
    PG_TYPE_BOOL = 16,
    PG_TYPE_NAME = 19,
    PG_TYPE_INT8 = 20,
    PG_TYPE_INT2 = 21,
    PG_TYPE_INT4 = 23,
    PG_TYPE_TEXT = 25,
    PG_TYPE_JSON = 114,
    PG_TYPE_FLOAT4 = 700,
    PG_TYPE_FLOAT8 = 701,
    PG_TYPE_BPCHAR = 1042,
    PG_TYPE_VARCHAR = 1043,
    PG_TYPE_DATE = 1082,
    PG_TYPE_TIMESTAMPTZ = 1184,
    PG_TYPE_NUMERIC = 1700,
    PG_TYPE_UUID = 2950,
};

// Whether the server can be reached, as far as the store's connections know.
struct pg_breaker {
    pthread_mutex_t lock;   // guards the rest
    pthread_cond_t changed; // broadcast when a try has ended
    bool is_tried;          // somebody tries
    uint64_t tried_ns;      // since when; as all moments here, on the monotonic clock
    uint64_t reached_ns;    // when it was reached last; 0: never yet, but by store_connect
    uint64_t pause_ms;      // of the last failure; 0: the last try has succeeded
    uint64_t retry_ns;      // nobody tries before
};

struct pg_store {
    struct store base;             // first: &store->base is the store of store.h
    char *url;                     // owned; as given, for libpq
    char *name;                    // owned; the app's: the schema that its tables are in
    bool is_scratch;               // the schema goes with the STORE_WRITE connection
    bool is_replica;               // of several hosts, a standby is the one; what is lost stays lost
    struct pg_breaker breaker;     //
    struct pg_watch *watch;        // owned; NULL: nobody watches the store
    struct version_slots versions; // of the tables; set by the watch
    atomic_uint first_host;        // of those in the url: the one to ask first; any thread
};

struct pg_watch; // watch.c

// What was sent and has not been answered yet.
enum pg_kind {
    PG_COMMAND, // one of the driver's own: only a failure of it matters
    PG_CHECK,   // likewise, the one of pg_begin_at: it fails when the database is behind
    PG_PREPARE, // which is not prepared where that fails
    PG_RUN,     // of a statement: its rows are somebody's
    PG_SYNC,    // the end of what a failure takes with it
};

struct pg_item {
    enum pg_kind kind;            //
    struct pg_stmt *stmt;         // PG_RUN: whose; NULL when nobody wants what comes back any more
    struct pg_prepared *prepared; // PG_PREPARE: what; likewise
    PGresult **keep; // of commands, checks, prepares: where its result goes, be it a failure; or NULL
};

enum pg_tx {
    PG_IDLE,   // none
    PG_OPEN,   // between store_begin and its end
    PG_FAILED, // a statement in it has failed: only rollback, and rollback to a savepoint, work
};

struct pg_batch {
    struct buf definition; // the columns that were asked for last, as SQL: "orig" text COLLATE "C", …
    struct buf rows;       // to be sent
    size_t field_count;    // columns but for line
    enum pg_type *types;   // owned; of the columns; field_count of them
    bool known;            // made or emptied in this transaction, with that definition
    bool copying;          // COPY is under way on the link
};

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

// A query of the driver's own that is prepared once in a session.
struct pg_own {
    unsigned session;         // in which it was; 0: none
    char name[PG_NAME_CHARS]; // there
};

struct pg_conn {
    struct store_conn base; // first
    struct pg_store *store; // borrowed
    enum store_mode mode;   //
    PGconn *link;           // owned; NULL: lost
    unsigned session;       // counts the links: what was prepared on an earlier one is gone
    unsigned named;         // statements given a name so far
    struct pg_stmt *stmts;  // owned; a list of those that store_prepare gave out
    struct pg_own mark;     // of pg_mark
    struct pg_own check;    // of pg_begin_at
    uint64_t deadline_ns;   // monotonic; 0: none
    uint64_t timeout_ms;    // statement_timeout of the session, behind the deadline
    uint64_t control_ns;    // until when is waited for what the deadline must not cut in two; 0: nothing such
    struct pg_errand *cancel; // owned; the last cancel request, until the wait that it was for is over
    bool is_pooled;           // a pooler stands between: nothing outlives a transaction
    bool was_cancelled;       // the deadline has ended the statement that was waited for
    // --- what is under way
    struct pg_item queue[PG_QUEUE]; // a ring
    unsigned first, count;          // the oldest of it, and how many
    bool is_unsent;                 // something of it has no sync or flush behind it yet
    bool is_single;                 // the oldest is a run of which rows have been taken
    // --- the transaction
    enum pg_tx tx;              //
    bool is_begun;              // something of it was sent
    bool is_next_last;          // a reader's: what is bound next is the last of it
    bool is_last;               // likewise, and it ends along with that
    bool has_written;           // something in it may have changed the database
    bool had_written;           // likewise, when the savepoint was made
    struct err failure;         // why it is PG_FAILED
    struct buf detail;          // of the last constraint that was met
    char commit[PG_ID_CHARS];   // id of its record
    char recorded[PG_ID_CHARS]; // of the last one that is known to be there, and to be removed; or ""
    struct pg_batch batch;
};

struct pg_stmt {
    struct store_stmt base;       // first
    struct pg_conn *conn;         // borrowed
    struct pg_stmt *next;         // in conn->stmts
    struct pg_stmt **link;        // what points at this one there
    struct pg_prepared *prepared; // owned along with others; NULL until there is a text
    // --- parameters, in the order of $n, as many as prepared->param_count
    uint16_t *params;                   // owned; the index in params of store_prepare of each
    const char **param_values;          // owned; of the run, as libpq takes them
    int *param_lengths;                 // owned; likewise
    int *param_formats;                 // owned; likewise
    char (*param_texts)[PG_TEXT_BYTES]; // owned; room for values that have to be converted
    char **param_copies;                // owned; of values that go as text, with a NUL; each NULL: none
    // --- results
    Oid *types;                        // owned; of the columns
    char (*texts)[PG_TEXT_BYTES];      // owned; room for values that become text
    bool is_bound;                     // between bind and reset
    bool is_ended;                     // all its results have come, or no more will
    bool is_cut;                       // the connection was lost before they had
    bool is_done;                      // all its rows have been taken
    unsigned row_count;                // of the run so far; stops at PG_SMALL_ROWS + 1
    bool is_small;                     // a reader's, and its last run had few rows: taken as a whole
    bool was_large;                    // a run had more than PG_WHOLE_BYTES all the same: never again
    bool is_quick;                     // its last run had begun to answer within PG_SLOW_MS
    uint64_t bound_ns;                 // monotonic; of the run, until it begins to answer; then 0
    PGresult *rows;                    // owned; that the current row is in; NULL: none
    int row;                           // the current one
    PGresult **parked;                 // owned; what came while another statement was being read, in order
    size_t parked_first, parked_count; // those not taken yet: from first up to count
    size_t parked_room;                // room in parked
};

// --- postgresql.c

static inline struct pg_store *pg_store(struct store *store)
{
    return CONTAINER_OF(store, struct pg_store, base);
}

static inline struct pg_conn *pg_conn(struct store_conn *conn)
{
    return CONTAINER_OF(conn, struct pg_conn, base);
}

static inline struct pg_stmt *pg_stmt(struct store_stmt *stmt)
{
    return CONTAINER_OF(stmt, struct pg_stmt, base);
}

// --- conn.c

MUST_CHECK enum err_code pg_connect(
    struct store *store, enum store_mode mode, struct store_conn **ret_conn, struct err *err);
void pg_disconnect(struct store_conn *base);
void pg_deadline(struct store_conn *base, uint64_t monotonic_ns);

// Gives the connection up: what was under way is gone, the transaction has failed.
void pg_lose(struct pg_conn *conn);

// Makes the connection anew if it is lost; ERR_BUSY while that fails, at once where others have just failed,
// and for a replica, as what it is asked can be asked elsewhere.
MUST_CHECK enum err_code pg_revive(struct pg_conn *conn, struct err *err);

// Notices, without waiting, that the other side has closed the connection.
void pg_notice_loss(struct pg_conn *conn);

// Appends a call of set_config for each setting of the session; `is_local`: for the transaction only.
void pg_append_settings(struct pg_conn *conn, bool is_local, struct buf *sql);

// --- link.c

// A link to the primary among the hosts of the store's url: for connections, and for anybody who needs one of
// his own. Waits for up to LIMIT_STORE_CONNECT_MS for each address. The caller closes it; its status tells
// whether it is one. NULL without memory.
PGconn *pg_open_link(struct pg_store *store);

// Asks for the number of the server process that answers. With its row, whether a pooler stands between: it
// is another one than said hello.
extern const char pg_pid_sql[];
bool pg_is_pooled(PGconn *link, const PGresult *pid);

// --- breaker.c

void pg_breaker_init(struct pg_breaker *breaker);
void pg_breaker_fini(struct pg_breaker *breaker);

// Lets the caller connect, who tells by pg_breaker_leave how it went, with the same `is_trying`. ERR_BUSY,
// after LIMIT_STORE_PATIENCE_MS at most, where that would only be one more wait.
MUST_CHECK enum err_code pg_breaker_enter(struct pg_breaker *breaker, bool *ret_is_trying, struct err *err);
void pg_breaker_leave(struct pg_breaker *breaker, bool was_trying, bool was_reached);

// --- errand.c

enum pg_errand_state {
    PG_ERRAND_UNDER_WAY, //
    PG_ERRAND_DONE,      // the cancel request has arrived; somebody has answered the ping
    PG_ERRAND_FAILED,    //
};

// Begins to ask the link's server to end what it runs, and whether it is there; the latter takes
// LIMIT_STORE_CONNECT_MS at most. The caller owns the errand. NULL when it cannot be begun.
struct pg_errand *pg_errand_cancel(PGconn *link);
struct pg_errand *pg_errand_ping(PGconn *link, const char *url);

// How it goes; waits for its end until that moment of the monotonic clock, 0: not at all.
enum pg_errand_state pg_errand_wait(struct pg_errand *errand, uint64_t end_ns);

// Gives the errand up, which goes on by itself. NULL is fine.
void pg_errand_leave(struct pg_errand *errand);

// Waits for the pings of the process that were left.
void pg_errand_settle(void);

// --- pipe.c

// Queues a command of one statement, with its parameters as text, to be sent with what comes next. Failures
// show up where results are read. `ret_result` (NULL: nobody) gets its result then, to be cleared by the
// caller; a failure too, which is the caller's to report.
MUST_CHECK enum err_code pg_command(struct pg_conn *conn, const char *sql, struct err *err);
MUST_CHECK enum err_code pg_command_with(struct pg_conn *conn, const char *sql, int param_count,
    const char *const *params, PGresult **ret_result, struct err *err);

// Notes that libpq was told to send something; `sent` is what its function returned.
MUST_CHECK enum err_code pg_queued(struct pg_conn *conn, int sent, struct pg_item item, struct err *err);

// Nobody wants any more what is under way for the statement, or the prepared one.
void pg_disown(struct pg_conn *conn, const void *whose);

// Sends what is queued and lets the server answer it. A reader's transaction stays open behind it, what is
// outside of a transaction is committed.
MUST_CHECK enum err_code pg_flush(struct pg_conn *conn, struct err *err);

// Queues a sync, where a failure ends, and sends all. What was not in a transaction is committed by it.
MUST_CHECK enum err_code pg_sync(struct pg_conn *conn, struct err *err);

// Reads what is under way: all of it, or up to what is due to the statement. The first failure of a command
// is returned; what statements get is kept for them.
MUST_CHECK enum err_code pg_drain(struct pg_conn *conn, struct err *err);
MUST_CHECK enum err_code pg_drain_until(struct pg_conn *conn, const struct pg_stmt *stmt, struct err *err);

// Reads, of rows that nobody wants any more, what has come already.
void pg_drain_unwanted(struct pg_conn *conn);

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

// --- tx.c

MUST_CHECK enum err_code pg_begin(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code pg_commit(struct store_conn *base, struct err *err);
void pg_rollback(struct store_conn *base);
MUST_CHECK enum err_code pg_savepoint(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code pg_release(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code pg_rollback_to(struct store_conn *base, struct err *err);

// ERR_NONE, or the reason why nothing can run in the transaction. Outside of one, revives the connection.
MUST_CHECK enum err_code pg_check_alive(struct pg_conn *conn, struct err *err);

// The open transaction has failed, if there is one, because of `err`.
void pg_fail_tx(struct pg_conn *conn, const struct err *err);

// Queues what a transaction begins with through a pooler: BEGIN, and the session's settings for it alone.
MUST_CHECK enum err_code pg_queue_begin(struct pg_conn *conn, struct err *err);

// --- rule.c

// Whose SQL it is.
enum pg_rule {
    PG_RULE_STATEMENT, // of an endpoint
    PG_RULE_SCRIPT,    // of a migration
};

// Refuses what would break a transaction, a session or the schema: ERR_CONFIG with the place in `sql`, of
// which `statement` is a part.
MUST_CHECK enum err_code pg_rule_check(
    enum pg_rule rule, struct span sql, struct span statement, struct err *err);

// Whether the statement changes something, as far as its words tell.
bool pg_rule_writes(struct span statement);

// --- sql.c

// Finds the next statement of a script, from *start on, and moves *start behind it; an empty one at the end.
MUST_CHECK struct span pg_next_statement(struct span sql, size_t *start);

// Appends the statement with $n in the place of each :name, blanks behind it so that all else stays where it
// is, and a NUL. ret_params[n - 1] is the index in `params` of $n; there is room for LIMIT_PG_PARAMS.
// ERR_CONFIG for a name that is not among them.
enum { LIMIT_PG_PARAMS = 2 * LIMIT_PARAMS };
MUST_CHECK enum err_code pg_translate(struct span sql, const struct store_name *params, size_t param_count,
    struct buf *out, uint16_t *ret_params, size_t *ret_count, struct err *err);

// Refuses bytes that the server reads otherwise than the scan of SQL does: NULs, and carriage returns alone,
// which end a comment there. ERR_CONFIG.
MUST_CHECK enum err_code pg_check_bytes(struct span sql, struct err *err);

// A copy of `sql` with a NUL behind it; refuses what pg_check_bytes does. The caller frees.
MUST_CHECK enum err_code pg_copy_text(struct span sql, char **ret_copy, struct err *err);

// The error at an offset in `sql`.
enum err_code pg_fail_at(struct span sql, size_t offset, struct err *err, const char *text);

// --- prepared.c

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

// --- stmt.c

MUST_CHECK enum err_code pg_prepare(struct store_conn *base, struct span sql, const struct store_name *params,
    size_t param_count, struct store_stmt **ret_stmt, struct err *err);
void pg_finalize(struct store_stmt *base);
MUST_CHECK enum err_code pg_bind(struct store_stmt *base, const struct value *values, struct err *err);
void pg_last(struct store_conn *base);
MUST_CHECK enum err_code pg_step(struct store_stmt *base, bool *ret_row, struct err *err);
MUST_CHECK enum err_code pg_column(
    struct store_stmt *base, size_t column, struct value *ret_value, struct err *err);
void pg_reset(struct store_stmt *base);

// Keeps a result for the statement that it is due to; takes it over.
MUST_CHECK enum err_code pg_park(struct pg_stmt *stmt, PGresult *result, struct err *err);

// --- exec.c

MUST_CHECK enum err_code pg_exec(struct store_conn *base, struct span sql, struct err *err);
MUST_CHECK enum err_code pg_analyze(struct store_conn *base, struct err *err);

// The same for a script of the driver's own, of which the versions of tables need not know.
MUST_CHECK enum err_code pg_script(struct pg_conn *conn, struct span sql, struct err *err);

// --- value.c

// The type on the wire of a declared type.
enum pg_type pg_type_of(enum value_type type);

// The same by name, for a table's column.
const char *pg_type_sql(enum value_type type);

// The bytes of a value as that type; at most 8, or those of the text itself. `room` is for those that are
// converted; the result borrows it or the value. ERR_STORE for a value that is none of the type, such as a
// date that does not exist.
MUST_CHECK enum err_code pg_encode(Oid type, const struct value *value, char room[PG_TEXT_BYTES],
    struct span *ret_bytes, bool *ret_is_binary, struct err *err);

// The text of a UUID (RFC 9562 section 4).
void pg_format_uuid(const unsigned char bytes[PG_UUID_BYTES], char ret_text[PG_ID_CHARS]);

// The name of a type that JSON has no place for; NULL: it has one.
const char *pg_refused_type(Oid type);

// A value from its bytes; `name` is the column's. `room` is for what becomes text. ERR_STORE for a type that
// JSON has no place for.
MUST_CHECK enum err_code pg_decode(Oid type, struct span bytes, const char *name, char room[PG_TEXT_BYTES],
    struct value *ret_value, struct err *err);

// --- batch.c

MUST_CHECK enum err_code pg_batch_open(
    struct store_conn *base, const struct store_name *fields, size_t field_count, struct err *err);
MUST_CHECK enum err_code pg_batch_close(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code pg_batch_add(
    struct store_conn *base, const struct value *values, int64_t line, struct err *err);

void pg_batch_init(struct pg_batch *batch);
void pg_batch_fini(struct pg_batch *batch);

// Sends what is left of the rows and ends their COPY: before anything else is sent.
MUST_CHECK enum err_code pg_batch_finish(struct pg_conn *conn, struct err *err);

// Gives up the rows that are on their way, and forgets the table: what it was made in has been taken back.
void pg_batch_forget(struct pg_conn *conn);

// Queues the CREATE TABLE of the fields that were asked for last, if there were any.
MUST_CHECK enum err_code pg_batch_make(struct pg_conn *conn, struct err *err);

// --- schema.c

// Makes what is not there yet, or not as it is now: the app's schema; and Reckoner's with the helpers and the
// record of commits. For a STORE_WRITE connection, outside of a transaction.
MUST_CHECK enum err_code pg_schema_make(struct pg_conn *conn, struct err *err);

// Removes the app's schema with all that is in it, as well as it can.
void pg_schema_drop(struct pg_conn *conn);

// --- versions.c

// The tables in the app's schema that are not the app's, for IN.
#define PG_OWN_TABLES                                                                                        \
    "('reckoner_commits', 'reckoner_loads', 'reckoner_migrations', 'reckoner_raised', 'reckoner_versions')"

// The channel on which the app's writes are notified, fit for every name.
void pg_channel(const struct pg_store *store, char ret_channel[PG_CHANNEL_CHARS]);

// Appends the script that makes the table of versions and its functions in the app's schema, or makes the
// functions anew.
void pg_append_versions(const struct pg_store *store, struct buf *sql);

MUST_CHECK enum err_code pg_mark(struct store_conn *base, struct buf *mark, struct err *err);
MUST_CHECK enum err_code pg_begin_at(struct store_conn *base, struct span mark, struct err *err);

// What the failure of a PG_CHECK is called.
enum err_code pg_fail_check(struct pg_conn *conn, const PGresult *result, struct err *err);

// --- watch.c

MUST_CHECK enum err_code pg_watch(struct store *base, struct err *err);
const struct version *pg_version_of(struct store *base, const char *table);
MUST_CHECK enum err_code pg_is_there(struct store *base, struct err *err);

// Ends the thread and waits for that: for up to LIMIT_STORE_CONNECT_MS an address where nobody answers. NULL
// is fine.
void pg_watch_end(struct pg_watch *watch);

// --- reads.c

MUST_CHECK enum err_code pg_reads(
    struct store_stmt *base, void (*on_table)(void *ctx, const char *table), void *ctx, struct err *err);
MUST_CHECK enum err_code pg_is_marked(struct store_stmt *base, bool *ret_is_marked, struct err *err);

// --- explain.c

// Queues EXPLAIN of the statement, in the open transaction. `values` are those of the statement; NULL: all
// null.
MUST_CHECK enum err_code pg_queue_plan(
    struct pg_stmt *stmt, const char *const *values, PGresult **ret_plan, struct err *err);

// Appends every word of the statement that may be a name, as an array of texts, and a NUL.
void pg_append_words(const char *sql, struct buf *array);

MUST_CHECK enum err_code pg_explain(struct store_stmt *base,
    void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx, struct err *err);
MUST_CHECK enum err_code pg_is_unique(
    struct store_stmt *base, const struct span *columns, size_t count, bool *ret_is_unique, struct err *err);

// --- error.c

// What store.h calls the failure that `result` tells of.
enum err_code pg_fail(struct pg_conn *conn, const PGresult *result, struct err *err);

// For the driver's table; the detail is conn->detail.
bool pg_violated_key(struct store_conn *base, struct span *ret_columns, struct span *ret_values);

// The same for a statement that did not prepare, or one of a script: `offset` is where in `sql` the text
// begins that the server was given.
enum err_code pg_fail_statement(struct pg_conn *conn, const PGresult *result, struct span sql, size_t offset,
    bool is_prepare, struct err *err);

// The connection could not be made, or is gone: what libpq says, in one line.
enum err_code pg_fail_link(PGconn *link, enum err_code code, struct err *err);

#endif
