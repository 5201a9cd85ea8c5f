// SPDX-License-Identifier: Apache-2.0
// The database behind an app, as one small interface. Drivers (sqlite/, postgresql/) stand behind the
// vtable in store/driver.h; everything that differs between databases is theirs and is seen nowhere else.
//
// A store is shared and may be used on any thread. A connection, its statements and what they return belong
// to one thread at a time. Statements die with their connection, connections before their store.
//
// Any call that can fail may return ERR_NO_MEMORY, ERR_BUSY (a lock that others hold for long), ERR_DISK_FULL
// and ERR_STORE; the comments name what else there is.
#ifndef RECKONER_STORE_STORE_H
#define RECKONER_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "text/sql_scan.h"
#include "text/value.h"

struct store;
struct store_conn;
struct store_stmt;

enum store_mode {
    STORE_READ,  // cannot write, whatever the SQL says
    STORE_WRITE, // the writer's
};

// A name that SQL may use: a parameter (":name") or a field of the table batch.
struct store_name {
    struct span name;     // without the colon; borrowed, must outlive the statements
    enum value_type type; // declared type; of a list, its items'
    bool is_list;         // a text of items joined by commas, for the helper list()
    bool is_page_key;     // compared with a column of a page's order: has its type, whatever the declared one
};

// --- stores and connections

// Opens or creates the store at `url`: "sqlite:PATH", whose folder must exist, or "sqlite::memory:" for a
// private one that lives while its one STORE_WRITE connection does; or "postgresql://…" as libpq has it, in
// which each app has a schema, called `name`. ERR_CONFIG for a url that no driver knows, and for a place that
// is no store or cannot be one; ERR_IO when the place fails.
MUST_CHECK enum err_code store_open(
    const char *url, const char *name, struct store **ret_store, struct err *err);

// Opens a copy of a store, which may lag behind it and is not connected to yet: for STORE_READ connections
// only, of which those that are lost stay lost. Where the url names several places, one of a copy is looked
// for. ERR_CONFIG as above, and where the kind has no copies.
MUST_CHECK enum err_code store_open_replica(
    const char *url, const char *name, struct store **ret_store, struct err *err);

// Opens an empty store of the same kind, for trying things: it lives while its one STORE_WRITE connection
// does, and nobody else sees it. ERR_IO as above.
MUST_CHECK enum err_code store_scratch(struct store *like, struct store **ret_store, struct err *err);

// What store_kind will be of a store at `url`; NULL for a url that no driver knows.
const char *store_kind_of(const char *url);

// Closes a store whose connections are all closed. NULL is fine.
void store_close(struct store *store);

// "sqlite" or "postgresql": the word in file names such as get_rates.sqlite.sql.
const char *store_kind(const struct store *store);

// The dialect of SQL that stores of a kind take; `kind` is one that store_kind tells.
enum sql_dialect store_dialect(const char *kind);

// Whether ORDER BY takes null for the largest value; else for the smallest.
bool store_nulls_are_largest(const struct store_conn *conn);

// Whether asking the database costs more than many a statement takes to run: then one statement that finds
// out what several would is sooner done.
bool store_round_trip_is_costly(const struct store_conn *conn);

// Connects. Several connections may write, in any number of processes; they take turns. Errors of store_open.
MUST_CHECK enum err_code store_connect(
    struct store *store, enum store_mode mode, struct store_conn **ret_conn, struct err *err);

// Finalises the connection's statements, rolls back what is open, and closes it. NULL is fine.
void store_disconnect(struct store_conn *conn);

// --- keeping up with a store, for those who serve it for long; any thread, and nobody waits for a database

// Begins to keep up with a store of which one writer was connected, until store_close, so that its versions
// are known (versions.h); not by several threads at once. A database that cannot be reached is waited for,
// and no failure. ERR_IO.
MUST_CHECK enum err_code store_watch(struct store *store, struct err *err);

// ERR_BUSY while a watched store does not answer; `err` says why in its hint, which names machines.
MUST_CHECK enum err_code store_is_there(struct store *store, struct err *err);

// --- transactions; a read transaction sees one committed state from its first statement on
//
// A statement that fails ends the transaction, as some databases have it: everything in it but
// store_rollback_to and store_rollback fails then, with ERR_BUSY where another try may succeed. And some
// failures (a full disk, a write that was ended at its deadline, a lost connection) may end it so that
// store_rollback_to fails, too.
//
// A connection that is lost is made anew by the next store_begin or store_bind outside of a transaction.

MUST_CHECK enum err_code store_begin(struct store_conn *conn, struct err *err);

// store_begin of a read transaction that has to see a vector (versions.h), perhaps on a replica. Where it
// does not, that may only show in what is run: all that is run in the transaction fails with ERR_BEHIND then.
// The empty vector is seen everywhere; `vector` is borrowed for the call.
MUST_CHECK enum err_code store_begin_at(struct store_conn *conn, struct span vector, struct err *err);

// Everything is on disk when it returns ERR_NONE; otherwise the transaction is open, and to be rolled back.
// ERR_CONSTRAINT for a constraint that is deferred to here.
MUST_CHECK enum err_code store_commit(struct store_conn *conn, struct err *err);

// Ends the transaction and all that is in it; without one it does nothing.
void store_rollback(struct store_conn *conn);

// One savepoint inside the transaction, to take back a single batch of a group.
MUST_CHECK enum err_code store_savepoint(struct store_conn *conn, struct err *err);
MUST_CHECK enum err_code store_release(struct store_conn *conn, struct err *err);
MUST_CHECK enum err_code store_rollback_to(struct store_conn *conn, struct err *err); // and releases it

// Statements that run past this moment of the monotonic clock end with ERR_TIMEOUT, and waiting for a lock
// with ERR_BUSY; 0: no limit. Outside a transaction a write may be there in spite of its ERR_TIMEOUT.
void store_deadline(struct store_conn *conn, uint64_t monotonic_ns);

// --- statements

// Prepares one SQL statement, in which ":name" is params[i] with that name. It may read the table batch
// (after store_batch_open) and the helpers calendar(from, to), a table with the column day, list(text), a
// table with the column value (text: what stands between commas, without blanks around it, empty items left
// out), and distance_m(lat1, lng1, lat2, lng2), the great-circle distance in metres. Refused with ERR_CONFIG,
// with line and column in `sql`: a syntax error, an unknown table or column, a name not in params, more than
// one statement; and, as they would break a request's transaction or the schema: BEGIN and the like, ATTACH,
// PRAGMA, VACUUM, and CREATE, ALTER, DROP. `params` is borrowed while the statement lives; `sql` is not.
MUST_CHECK enum err_code store_prepare(struct store_conn *conn, struct span sql,
    const struct store_name *params, size_t param_count, struct store_stmt **ret_stmt, struct err *err);

// Finalises before the connection does. NULL is fine.
void store_finalize(struct store_stmt *stmt);

// Whether running the statement may change the database.
bool store_writes(const struct store_stmt *stmt);

// Names of the result's columns, valid while the statement lives; 0 for a statement without result.
size_t store_column_count(const struct store_stmt *stmt);
const char *store_column_name(const struct store_stmt *stmt, size_t column);

// The type of a column whose values store_column refuses, whatever they are; NULL: it may take them.
const char *store_column_refused(const struct store_stmt *stmt, size_t column);

// Starts a run: binds values[i] to params[i] of store_prepare; text is borrowed until store_reset. The run
// before must have been ended by store_reset.
MUST_CHECK enum err_code store_bind(struct store_stmt *stmt, const struct value *values, struct err *err);

// Goes to the next row; *ret_row is false when there is none. Errors: ERR_TIMEOUT, ERR_CONFLICT (a unique or
// primary key), ERR_CONSTRAINT (any other one, also a value that a column it is written to has no room for),
// ERR_DISK_FULL, ERR_BUSY, ERR_NO_MEMORY, ERR_TOO_LARGE, ERR_STORE (and whatever else the database refuses,
// such as a date that does not exist); and in the first step ERR_STALE, when the tables have changed so that
// the columns are other ones than store_prepare told, or that it has to be prepared anew for another reason.
// After an error, or when there is no more row, only store_reset is of use.
MUST_CHECK enum err_code store_step(struct store_stmt *stmt, bool *ret_row, struct err *err);

// The statement that is bound next is the last one of the read transaction, which may be ended along with it,
// before its commit or rollback. For the sake of speed only: several statements may be bound before the first
// of them is stepped, and a store on another machine is asked once for those, if they are stepped in the
// order of their binding.
void store_last(struct store_conn *conn);

// The key that the last ERR_CONFLICT or ERR_CONSTRAINT on this connection was about, as the database tells
// it: its columns and their values as text, each with ", " between them ("origin, day", "CNSGH, 2016-01-31").
// False when it does not tell. Valid until the connection is used again.
bool store_violated_key(struct store_conn *conn, struct span *ret_columns, struct span *ret_values);

// A value of the current row; text is valid until the next store_step or store_reset. A blob is ERR_STORE: it
// has no JSON.
MUST_CHECK enum err_code store_column(
    struct store_stmt *stmt, size_t column, struct value *ret_value, struct err *err);

// Ends a run and releases what it borrowed. Harmless on a statement that is not running.
void store_reset(struct store_stmt *stmt);

// A line of the database's plan for a statement.
struct store_plan_line {
    unsigned depth;         // how far to indent it, from 0
    const char *text;       // in the database's own words
    const char *read_whole; // the table of which this step visits every row, of the table or of an index of
                            // it; its own name, not an alias; NULL: none. batch, helpers and virtual tables
                            // are none. Where a LIMIT ends the step early, it is told only if rows are passed
                            // over in search of those that fit, and not by a walk along an index
    int64_t table_rows;     // of read_whole, counted; else 0
};

// Asks the database how it would run the statement. In a run, from store_bind to store_reset, it is asked
// with the parameters, of which some databases make use, and the run cannot go on. Lines are borrowed for the
// call; `on_line` must not touch the statement.
MUST_CHECK enum err_code store_explain(struct store_stmt *stmt,
    void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx, struct err *err);

// Whether `columns` (of a table or not) hold a unique key, none of it nullable, of some table that the
// statement reads: then rows ordered by them have one order only. For warnings, so a guess will do where the
// database does not tell.
MUST_CHECK enum err_code store_is_unique(
    struct store_stmt *stmt, const struct span *columns, size_t count, bool *ret_is_unique, struct err *err);

// Calls on_table for each table that the statement may read or write, in the order of their names, each once:
// the tables behind views, by their own names; not batch, the helpers, and Reckoner's own. What is not a
// table of the app but may have an answer changed is told, too, by a name that no table of its has: one in
// another schema, and functions that somebody has made. What triggers touch is not told everywhere. For a
// statement that does not run, outside of a transaction; names are borrowed for the call.
MUST_CHECK enum err_code store_reads(
    struct store_stmt *stmt, void (*on_table)(void *ctx, const char *table), void *ctx, struct err *err);

// Runs a script of any number of statements, schema changes too, but no transaction control; for migrations
// and Reckoner's own tables. ERR_CONFIG with line and column in `sql` for a statement that is wrong.
MUST_CHECK enum err_code store_exec(struct store_conn *conn, struct span sql, struct err *err);

// Gathers what the planner goes by, where the store has need of that, after rows have come in bulk: in the
// open transaction of a STORE_WRITE connection.
MUST_CHECK enum err_code store_analyze(struct store_conn *conn, struct err *err);

// --- the table batch: the rows of one write request (columns: the fields in order, and line)

// Makes `batch` an empty table with these fields, on a STORE_WRITE connection, in a transaction or out of
// one. Cheap when the fields are those of the last call. Statements that were prepared for other fields stay,
// and must not be run until those fields are back. No statement may be running. Like all else, it is undone
// by a rollback: call it for every batch.
MUST_CHECK enum err_code store_batch_open(
    struct store_conn *conn, const struct store_name *fields, size_t field_count, struct err *err);

// There is no table batch any more, until the next store_batch_open; on any connection. Statements over it
// stay, as with other fields.
MUST_CHECK enum err_code store_batch_close(struct store_conn *conn, struct err *err);

// Adds a row to what store_batch_open has made: values[field_count] in the order of the fields, text borrowed
// for the call; `line` is 1-based.
MUST_CHECK enum err_code store_batch_add(
    struct store_conn *conn, const struct value *values, int64_t line, struct err *err);

#endif
