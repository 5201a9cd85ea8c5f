// SPDX-License-Identifier: Apache-2.0
// Versions: what has become of an app's tables. A version is a number of one table, which is another one
// after each commit that wrote to the table, whoever made it. A vector is the versions of all tables of an
// app at one moment, as an opaque text that only its store can read.
#ifndef RECKONER_STORE_VERSIONS_H
#define RECKONER_STORE_VERSIONS_H

#include "store/store.h"

struct version;

// --- in this process: what has changed since it was looked at last; of a store that is watched (store_watch)

// The version of a table, which is there until store_close and never NULL; names are those of store_reads.
// What is no table has one that is not known; so have all names past LIMIT_VERSIONS different ones, and
// those that there was no memory for. Any thread; takes a lock, so it is for the time of preparing.
const struct version *versions_of(struct store *store, const char *table);

// The number that the version has now; 0: it is not known, and the table may have changed. It is another one
// after each commit that wrote to the table or changed the schema, by whatever program: in SQLite before the
// commit returns; in PostgreSQL as soon as the database has told of it. A number that is there again stands
// for the same rows: none is used twice, and behind a time in which they were not known all are new. It may
// change without a commit, too. Not known are all versions of a store that is not watched, is out of reach,
// is in memory, or has a pooler in front of it.
//
// Any thread, a loop too: it takes no lock, makes no system call and searches nothing.
uint64_t version_now(const struct version *version);

// --- in the database: what a read has to see, perhaps on a replica (store_begin_at)

// Appends the vector of what is committed now; outside of a transaction, on the connection's thread. A store
// that has no replicas appends nothing.
MUST_CHECK enum err_code versions_read(struct store_conn *conn, struct buf *vector, struct err *err);

// Whether vectors tell of all that the statement may read, so that a read on a replica that has seen a vector
// (store_begin_at) misses nothing that is in it: true of a statement that reads nothing, and where there are
// no replicas. Under the conditions of store_reads.
MUST_CHECK enum err_code versions_cover(struct store_stmt *stmt, bool *ret_is_covered, struct err *err);

#endif
