// SPDX-License-Identifier: Apache-2.0
// The database behind an app, as one small interface. Drivers (sqlite/, postgresql/) stand behind the
// vtable in store/driver.h; everything that differs between databases is theirs and is seen nowhere else.
//
// A store is shared and may be used on any thread. A connection, its statements and what they return belong
// to one thread at a time. Statements die with their connection, connections before their store.
//
// Any call that can fail may return ERR_NO_MEMORY, ERR_BUSY (another connection holds a lock for long),
// ERR_DISK_FULL and ERR_STORE; the comments name further errors.
#ifndef RECKONER_STORE_STORE_H
#define RECKONER_STORE_STORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "store/violation.h"
#include "text/sql_scan.h"
#include "text/value.h"

struct store;
struct store_conn;
struct store_stmt;

enum store_mode {
    STORE_READ,  // refuses every statement that would write
    STORE_WRITE, // reads and writes
};

// A name that SQL may use: a parameter (":name") or a field of the table batch.
struct store_name {
    struct span name;     // without the colon; borrowed, must outlive the statements
    enum value_type type; // declared type; of a list, its items'
    bool is_list;         // a text of items joined by commas, for the helper list()
    bool is_page_key;     // compared with a column of a page's order, whose type it takes in place of `type`
};

// --- stores and connections

// Opens or creates the store at `url`: "sqlite:PATH", whose folder must exist; "sqlite::memory:", a private
// one that lives as long as its one STORE_WRITE connection; or "postgresql://…", a connection URI of libpq,
// where the app has the schema `name`. ERR_CONFIG for a url that no driver knows, and for a file or database
// that cannot be a store; ERR_IO when it cannot be reached.
MUST_CHECK enum err_code store_open(
    const char *url, const char *name, struct store **ret_store, struct err *err);

// Opens a replica of a store, which may lag behind it. It allows STORE_READ connections only, and connects
// when one is asked for. A connection to it that is lost is not made anew. Where the url names several hosts,
// a connection looks for one that is a standby. ERR_CONFIG as above, and for a kind that has no replicas.
MUST_CHECK enum err_code store_open_replica(
    const char *url, const char *name, struct store **ret_store, struct err *err);

// Opens an empty, private store of the same kind, to try an app's files on. It lives as long as its one
// STORE_WRITE connection. ERR_IO as above.
MUST_CHECK enum err_code store_scratch(struct store *like, struct store **ret_store, struct err *err);

// The kind of a store at `url` (store_kind), which need not be there; NULL for a url that no driver knows.
const char *store_kind_of(const char *url);

// Whether the url holds a secret, a password say, or is so broken that it may. A url that no driver knows may
// hold one where it has more than words and slashes.
bool store_url_has_secret(const char *url);

// What opening a store has brought back.
struct store_recovery {
    uint64_t log_bytes;  // that were beside the database
    uint64_t used_bytes; // of them, those of commits that the database did not have yet, or had anyway
};

// Whether the process that wrote to the store last did not end cleanly, so that opening it had to bring back
// what is in its log. False where others have the store open, who need none of it, and where the database
// does all that by itself.
bool store_recovered(struct store *store, struct store_recovery *ret_recovery);

// Closes a store whose connections are all closed. NULL is fine.
void store_close(struct store *store);

// "sqlite" or "postgresql": the word in file names such as get_rates.sqlite.sql.
const char *store_kind(const struct store *store);

// The path of the file that the store is; NULL where it is none: it lies in memory, or on a server.
const char *store_file(const struct store *store);

// The kinds that there are, by number from 0; NULL behind the last.
const char *store_kind_at(size_t number);

// The dialect of SQL that stores of a kind take; `kind` is one that store_kind tells.
enum sql_dialect store_dialect(const char *kind);

// The dialect of SQL that the connection takes.
enum sql_dialect store_conn_dialect(const struct store_conn *conn);

// Whether ORDER BY takes null for the largest value; else for the smallest.
bool store_nulls_are_largest(const struct store_conn *conn);

// Whether decimals are integers of their last places in SQL: 12.30 of decimal(12,2) is 1230. Else they
// are 12.30.
bool store_decimals_are_scaled(const struct store_conn *conn);

// Whether a round trip to the database takes longer than most statements run. Then it pays to merge several
// statements into one.
bool store_round_trip_is_costly(const struct store_conn *conn);

// Connects. Several connections may write, in any number of processes; they take turns. Errors of store_open.
MUST_CHECK enum err_code store_connect(
    struct store *store, enum store_mode mode, struct store_conn **ret_conn, struct err *err);

// Connects once more beside `conn`, a STORE_WRITE connection, for more batches at a time: it finds all that
// connection has made. *ret_conn is NULL where a store has one writer at a time, and a second connection
// would be of no use. Errors of store_open; ERR_BUSY while the database is out of reach.
MUST_CHECK enum err_code store_connect_beside(
    struct store_conn *conn, struct store_conn **ret_conn, struct err *err);

// Finalises the connection's statements, rolls back its transaction, and closes it. NULL is fine.
void store_disconnect(struct store_conn *conn);

// --- watching a store while it is served; any thread, and no call waits for the database

// Starts to follow the versions of the store's tables (versions.h), until store_close. Call it once, after a
// first STORE_WRITE connection. A database that cannot be reached is no failure: the watch goes on trying.
// ERR_IO.
MUST_CHECK enum err_code store_watch(struct store *store, struct err *err);

// ERR_BUSY while a watched store does not answer; `err` says why in its hint, which names machines.
MUST_CHECK enum err_code store_is_there(struct store *store, struct err *err);

// --- transactions; a read transaction sees one committed state from its first statement on
//
// After a statement has failed, only store_rollback_to and store_rollback are of use in its transaction.
// Every further call fails in PostgreSQL, with ERR_BUSY where another try of the whole may succeed; SQLite
// goes on, which no caller may count on. After a full disk, a write that was ended at its deadline, or a lost
// connection, store_rollback_to may fail as well.
//
// The next store_begin, or store_bind outside of a transaction, makes a lost connection anew.

MUST_CHECK enum err_code store_begin(struct store_conn *conn, struct err *err);

// Begins a transaction of a STORE_WRITE connection before it has its turn, for which store_begin waits. Until
// store_take_turn it may fill the table batch and run statements that read nothing else. What it writes
// without a turn, others may write to at the same time. Where a store has one writer at a time, this is
// store_begin, and there is no turn to wait for.
MUST_CHECK enum err_code store_begin_early(struct store_conn *conn, struct err *err);

// Waits until no other transaction that has taken its turn is open. Outside of a savepoint. ERR_BUSY when
// that takes LIMIT_STORE_BUSY_MS.
MUST_CHECK enum err_code store_take_turn(struct store_conn *conn, struct err *err);

// Begins a read transaction that has to see a vector (versions.h), perhaps on a replica. When the database
// has not come as far, this call or every statement of the transaction fails with ERR_BEHIND. The empty
// vector asks for nothing. `vector` is borrowed for the call.
MUST_CHECK enum err_code store_begin_at(struct store_conn *conn, struct span vector, struct err *err);

// Everything is on disk when it returns ERR_NONE; otherwise the transaction is open, and to be rolled back.
// ERR_CONSTRAINT for a constraint that is deferred to here.
MUST_CHECK enum err_code store_commit(struct store_conn *conn, struct err *err);

// Checks by now what a constraint defers to the commit, of all that the transaction has written so far: such
// as ERR_CONSTRAINT. Where a round trip is costly, it costs one.
MUST_CHECK enum err_code store_check_deferred(struct store_conn *conn, struct err *err);

// Ends the transaction and undoes it; without one it does nothing.
void store_rollback(struct store_conn *conn);

// One savepoint inside the transaction, to take back a single batch of a group.
MUST_CHECK enum err_code store_savepoint(struct store_conn *conn, struct err *err);
MUST_CHECK enum err_code store_release(struct store_conn *conn, struct err *err);
MUST_CHECK enum err_code store_rollback_to(struct store_conn *conn, struct err *err); // and releases it

// Statements that run past this moment of the monotonic clock end with ERR_TIMEOUT, and waiting for a lock
// with ERR_BUSY; 0: no limit. Outside a transaction a write may be there in spite of its ERR_TIMEOUT.
void store_deadline(struct store_conn *conn, uint64_t monotonic_ns);

// Statements that have a deadline, whatever it is, end with ERR_TIMEOUT, too, soon after another thread has
// set
// `*flag`, as nobody waits for them any more. Those without one go on to their end. The flag is borrowed
// until the next call; NULL: there is none.
void store_interrupt_when(struct store_conn *conn, const atomic_bool *flag);

// --- statements

// Prepares one SQL statement, in which ":name" is params[i] with that name. It may read the table batch
// (after store_batch_open) and the helpers calendar(from, to), a table with the column day, list(text), a
// table with the column value (text: what stands between commas, without blanks around it, empty items left
// out), distance_m(lat1, lng1, lat2, lng2), the great-circle distance in metres, month_of(day) and
// week_of(day), texts, day_in(at, zone) and clock_in(at, zone), what clocks show there, and
// search_terms(text) and search_prefix(text), queries of the database's full-text search. Refused with
// ERR_CONFIG, with line and column in `sql`: a syntax error, an unknown table or column, a name not in
// params, more than one statement; and, as they would break a request's transaction or the schema: BEGIN and
// the like, ATTACH, PRAGMA, VACUUM, and CREATE, ALTER, DROP. `params` is borrowed while the statement lives;
// `sql` is not.
MUST_CHECK enum err_code store_prepare(struct store_conn *conn, struct span sql,
    const struct store_name *params, size_t param_count, struct store_stmt **ret_stmt, struct err *err);

// Finalises before the connection does. NULL is fine.
void store_finalize(struct store_stmt *stmt);

// Whether running the statement may change the database.
bool store_writes(const struct store_stmt *stmt);

// Names of the result's columns, valid while the statement lives; 0 for a statement without result.
size_t store_column_count(const struct store_stmt *stmt);
const char *store_column_name(const struct store_stmt *stmt, size_t column);

// The name of a column's type when store_column refuses all values of that type; NULL when it does not.
const char *store_column_refused(const struct store_stmt *stmt, size_t column);

// Whether the column is declared boolean: its 1 and 0 mean true and false. SQLite knows only of columns that
// come straight from a table.
bool store_column_is_boolean(const struct store_stmt *stmt, size_t column);

// Whether the column comes straight from a table that declares it decimal or numeric with digits, where a
// decimal of ours is an integer (store_decimals_are_scaled).
bool store_column_is_scaled_decimal(const struct store_stmt *stmt, size_t column);

// Whether the column comes straight from a table that declares it NOT NULL, or from its primary key. An outer
// join may give nulls there all the same. Call it outside of a transaction.
MUST_CHECK enum err_code store_column_not_null(
    struct store_stmt *stmt, size_t column, bool *ret_is_not_null, struct err *err);

// Starts a run: binds values[i] to params[i] of store_prepare; text is borrowed until store_reset. The run
// before must have been ended by store_reset.
MUST_CHECK enum err_code store_bind(struct store_stmt *stmt, const struct value *values, struct err *err);

// Goes to the next row; *ret_row is false when there is none. Errors: ERR_TIMEOUT, ERR_CONFLICT (a unique or
// primary key), ERR_CONSTRAINT (any other one, and a trigger's own words), ERR_VALUE (what the statement
// cannot work out with the values that it has, bound ones or stored ones: a zero divisor, a date that does
// not exist, a search term of a wrong form; in the database's words, which may quote such a value),
// ERR_DISK_FULL, ERR_BUSY, ERR_NO_MEMORY, ERR_STORE; and in the first step ERR_STALE, when the tables have
// changed so that the statement has to be prepared anew. After an error, or when there is no more row, only
// store_reset is of use.
MUST_CHECK enum err_code store_step(struct store_stmt *stmt, bool *ret_row, struct err *err);

// Says that the statement bound next is the last one of the read transaction, so that the transaction's end
// may be sent along with it. This only saves a round trip. For the same reason several statements may be
// bound before the first of them is stepped: they are sent together when they are stepped in the order of
// their binding.
void store_last(struct store_conn *conn);

// What the connection's last ERR_CONFLICT or ERR_CONSTRAINT was about. Valid until the next one.
struct violation store_violation(struct store_conn *conn);

// Binds, runs and ends a statement of which no row is wanted, inside of a transaction. Where a round trip is
// costly it is only sent, and its failure is that of a later call, at the latest of store_commit: then the
// transaction is lost, unless store_rollback_to takes back the savepoint in which it was sent. Errors of
// store_bind and store_step; but where it was only sent, a statement past its deadline is ERR_BUSY, and what
// it cannot work out with its values is ERR_CONSTRAINT.
MUST_CHECK enum err_code store_send(struct store_stmt *stmt, const struct value *values, struct err *err);

// Waits for what was only sent: its failure is that of this call, if it has failed. Where a round trip is
// costly it costs one, which store_commit then saves.
MUST_CHECK enum err_code store_wait_sent(struct store_conn *conn, struct err *err);

// A value of the current row; text is valid until the next store_step or store_reset. A blob is ERR_STORE: it
// has no JSON. What JSON has no value for otherwise (a date or moment that is infinite) is null, or a real
// that is not finite.
MUST_CHECK enum err_code store_column(
    struct store_stmt *stmt, size_t column, struct value *ret_value, struct err *err);

// The same with the microseconds of a moment, which store_column cuts where the store has more than texts.
MUST_CHECK enum err_code store_column_micros(
    struct store_stmt *stmt, size_t column, struct value *ret_value, struct err *err);

// The same as the value of a parameter that is a page's key (store_name): to the last bit, where store_column
// shows less. Its kind is the store's own affair.
MUST_CHECK enum err_code store_key(
    struct store_stmt *stmt, size_t column, struct value *ret_value, struct err *err);

// Ends a run and releases what it borrowed. Harmless on a statement that is not running.
void store_reset(struct store_stmt *stmt);

// A line of the database's plan for a statement.
struct store_plan_line {
    unsigned depth;         // how far to indent it, from 0
    const char *text;       // in the database's own words
    const char *read_whole; // the app's table whose every row, or every entry of one of its indexes, this
                            // step visits; its own name, not an alias; NULL: none. Not told of a step that a
                            // LIMIT ends early, unless the step passes over rows that do not fit
    int64_t table_rows;     // of read_whole, counted; else 0
};

// Asks the database how it would run the statement. In a run, from store_bind to store_reset, it is asked
// with the parameters' values, on which the plan may depend; that run cannot go on. Lines are borrowed for
// the call; `on_line` must not touch the statement.
MUST_CHECK enum err_code store_explain(struct store_stmt *stmt,
    void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx, struct err *err);

// The same, outside of a run, as the database would do it for any parameters: no value that was bound is in
// the lines. ERR_STORE where it cannot tell now.
MUST_CHECK enum err_code store_explain_any(struct store_stmt *stmt,
    void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx, struct err *err);

// Whether `columns`, any names, include all columns of a unique key without nulls of some table that the
// statement reads: then rows ordered by them have one order only. For warnings: where the database does not
// tell, the driver guesses.
MUST_CHECK enum err_code store_is_unique(
    struct store_stmt *stmt, const struct span *columns, size_t count, bool *ret_is_unique, struct err *err);

// Calls on_table once for each table that the statement may read or write, in the order of their names. Views
// are told as the tables behind them; batch, the helpers and Reckoner's own tables are left out. A table of
// another schema and a function that is not the database's own may change an answer too: each is told by a
// name that no table of the app has: in SQLite "sqlite_schema". Tables that only triggers touch are not told
// by every driver. Call it outside of a transaction, of a statement that does not run; names are borrowed for
// the call.
MUST_CHECK enum err_code store_reads(
    struct store_stmt *stmt, void (*on_table)(void *ctx, const char *table), void *ctx, struct err *err);

// Runs a script of any number of statements, schema changes too, but no transaction control; for migrations
// and Reckoner's own tables. ERR_CONFIG with line and column in `sql` for a statement that is wrong.
MUST_CHECK enum err_code store_exec(struct store_conn *conn, struct span sql, struct err *err);

// Takes away all that the app has in the store: its tables with their rows, and what Reckoner knows of them.
// In the open transaction of a STORE_WRITE connection, which can do no more than end it and disconnect. The
// next store_connect finds a new store. To other connections the tables are gone.
MUST_CHECK enum err_code store_empty(struct store_conn *conn, struct err *err);

// Whether one of Reckoner's own tables is there although the connection's role may not use it; false where a
// store has no roles. In a transaction or outside.
MUST_CHECK enum err_code store_has_own_table(
    struct store_conn *conn, const char *name, bool *ret_has_table, struct err *err);

// Makes one of Reckoner's own tables by `sql`, a CREATE TABLE IF NOT EXISTS, unless it is there: a role that
// may make no table needs to make none then.
MUST_CHECK enum err_code store_make_table(
    struct store_conn *conn, const char *name, const char *sql, struct err *err);

// Brings the planner's statistics up to date after many rows have come in, where the database does not do so
// by itself. In the open transaction of a STORE_WRITE connection.
MUST_CHECK enum err_code store_analyze(struct store_conn *conn, struct err *err);

// --- the table batch: the rows of one write request (columns: the fields in order, and line)

// Makes `batch` an empty table with these fields, on a STORE_WRITE connection, in a transaction or outside.
// Cheap when the fields are those of the last call. A statement that was prepared for other fields stays, and
// must not be run until its fields are back. No statement may be running. A rollback undoes it: call it for
// every batch.
MUST_CHECK enum err_code store_batch_open(
    struct store_conn *conn, const struct store_name *fields, size_t field_count, struct err *err);

// Takes the table batch away, until the next store_batch_open. Statements over it stay, as with other fields.
// On any connection.
MUST_CHECK enum err_code store_batch_close(struct store_conn *conn, struct err *err);

// Adds a row to the table of store_batch_open: values[field_count] in the order of the fields, text borrowed
// for the call; `line` is 1-based.
MUST_CHECK enum err_code store_batch_add(
    struct store_conn *conn, const struct value *values, int64_t line, struct err *err);

#endif
