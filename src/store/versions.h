// SPDX-License-Identifier: Apache-2.0
// Versions. The version of a table is a number that changes with every commit that writes to the table, by
// any program. A vector is the versions of all tables of an app at one moment, as an opaque text that only
// its store can read.
#ifndef RECKONER_STORE_VERSIONS_H
#define RECKONER_STORE_VERSIONS_H

#include "store/store.h"

struct version;

// --- what has changed, as this process knows it; of a store that is watched (store_watch)

// The version of a table; `table` is a name that versions_under told. Never NULL, and valid until
// store_close. In SQLite the name "sqlite_schema" stands for the whole store: its version changes with each
// commit. In PostgreSQL the version is not known while the app has no such table. It is never known past the
// first LIMIT_VERSIONS names, or when there was no memory for it. Any thread; it takes a lock, so it is for
// the time of preparing.
const struct version *versions_of(struct store *store, const char *table);

// Calls on_name for each name that the statement's answer hangs on, for versions_of: the tables of
// store_reads, and where a view may be made anew without them, views as they are now. Under the conditions of
// store_reads.
MUST_CHECK enum err_code versions_under(
    struct store_stmt *stmt, void (*on_name)(void *ctx, const char *name), void *ctx, struct err *err);

// The number of the version now; 0: not known, so the table may have changed. The number is another one after
// each commit that wrote to the table or changed the schema: in SQLite before that commit returns, in
// PostgreSQL as soon as the database has told of it. It may change without a commit, but the same number
// always stands for the same rows: none is used twice, and after a time when versions were not known all
// numbers are new. No version is known of a store that is not watched, that is out of reach, or that is
// in memory.
//
// Any thread, a loop too: it takes no lock, makes no system call and does not search.
uint64_t version_now(const struct version *version);

// Whether version_now may not tell yet of a commit that was acknowledged before the call: of a store that
// other nodes write to. Then it does after versions_ask.
bool versions_lag(const struct store *store);

// A question whether versions have changed. The sender's, lent until on_answer.
struct versions_question {
    // Called once, on any thread, also before versions_ask returns; it must not wait. From here on
    // version_now tells of all that was committed before versions_ask was called; where that cannot be found
    // out, no version is known.
    void (*on_answer)(struct versions_question *question);
    struct versions_question *next; // the store's own
};

// Asks. Questions that wait together are answered by one that began after each of them came. Any thread, a
// loop too.
void versions_ask(struct store *store, struct versions_question *question);

// When the newest question that has been answered began, of the monotonic clock: version_now tells of all
// that was committed before. 0: versions are not known. It is at most some seconds old while the database is
// there, though nobody asks. Where versions do not lag it is now. Any thread, a loop too.
uint64_t versions_asked_ns(const struct store *store);

// The versions of a table's rows, by what some of its columns hold: in LIMIT_BUCKETS buckets, each of the
// rows whose values have some hash. A commit that writes, moves or deletes a row gives the buckets of its old
// and new values another number. Values that the database takes for equal are in one bucket.
struct version_buckets;

// The buckets of a table by these columns, up to LIMIT_BUCKET_COLUMNS, in any order. NULL: the store keeps
// none for them, of which *ret_why tells an author (static words; NULL: nothing that he could mend). On the
// connection's thread, outside of a transaction; valid until the store is closed. Errors of the store.
MUST_CHECK enum err_code versions_by(struct store_conn *conn, const char *table, const struct span *columns,
    size_t count, const struct version_buckets **ret_buckets, const char **ret_why, struct err *err);

// The version of the rows whose columns, as versions_by had them, equal the values. Any thread, a loop too.
const struct version *version_bucket(
    const struct version_buckets *buckets, const struct value *values, size_t count);

// --- of which state a read is; on the connection's thread

// Begins a read transaction as store_begin does, so that version_seen can be asked.
MUST_CHECK enum err_code store_begin_seen(struct store_conn *conn, struct err *err);

// The same of a transaction that has to see a vector, as store_begin_at begins it, perhaps on a replica.
MUST_CHECK enum err_code store_begin_seen_at(struct store_conn *conn, struct span vector, struct err *err);

// Has version_seen tell of reads on `replica` in the versions of `primary`, of which it is a standby and
// which outlives it. Once, before the replica has connections.
void versions_follow(struct store *replica, struct store *primary);

// The number that the version had in the state that the transaction of store_begin_seen reads, or, of a
// bucket and where versions lag, one that it had before; 0: it is not known, as on a replica that nobody has
// had follow its primary. What was read is current while version_now gives that number: where versions lag,
// behind a versions_ask. Asked after the last statement was stepped to its end, before store_rollback.
uint64_t version_seen(struct store_conn *conn, const struct version *version);

// --- what a read has to see, perhaps on a replica; on the connection's thread (store_begin_at)

// Appends the vector of all that is committed now; outside of a transaction. A store that has no replicas
// appends nothing.
MUST_CHECK enum err_code versions_read(struct store_conn *conn, struct buf *vector, struct err *err);

// Whether the versions of what store_reads tells tell of all that the statement may read, so that a read on a
// replica that has seen a vector (store_begin_at) misses nothing that is in it: true of a statement that
// reads nothing; not of one that reads Reckoner's own tables, or what the database tells of itself. Under the
// conditions of store_reads.
MUST_CHECK enum err_code versions_cover(struct store_stmt *stmt, bool *ret_is_covered, struct err *err);

// --- what a statement's result hangs on; on the connection's thread

// Finds out whether the same rows and the same parameters always give the statement's result. Where they may
// not, appends why, in words for an app's author: "it calls random()". It says so in all cases of doubt but
// one: in SQLite a parameter or stored value may have the statement ask for the time; after a run in which it
// has, version_seen knows no number. Under the conditions of store_reads.
MUST_CHECK enum err_code versions_miss(struct store_stmt *stmt, struct buf *why, struct err *err);

// A number that is another one once the schema has changed so that the statement may read other tables, or do
// else what versions_miss tells; 0: not known. Ask it before store_reads and versions_miss: what they told
// holds for a run after which the number is still the same.
uint64_t versions_schema(const struct store_stmt *stmt);

#endif
