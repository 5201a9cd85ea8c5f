// SPDX-License-Identifier: Apache-2.0
// Versions. The version of a table is a number that changes with every commit that writes to the table, by
// any program. A vector is the versions of all tables of an app at one moment, as an opaque text that only
// its store can read.
#ifndef RECKONER_STORE_VERSIONS_H
#define RECKONER_STORE_VERSIONS_H

#include "store/store.h"

struct version;

// --- what has changed, as this process knows it; of a store that is watched (store_watch)

// The version of a table; `table` is a name that store_reads told. Never NULL, and valid until store_close.
// In PostgreSQL the version is not known while the app has no such table, and never past the first
// LIMIT_VERSIONS names or when there was no memory for it. Any thread; it takes a lock, so it is for the time
// of preparing.
const struct version *versions_of(struct store *store, const char *table);

// The number of the version now; 0: not known, so the table may have changed. The number is another one after
// each commit that wrote to the table or changed the schema: in SQLite before that commit returns, in
// PostgreSQL as soon as the database has told of it. It may change without a commit, but the same number
// always stands for the same rows: none is used twice, and after a time when versions were not known all
// numbers are new. No version is known of a store that is not watched, that is out of reach, that is in
// memory, or that a pooler stands in front of.
//
// Any thread, a loop too: it takes no lock, makes no system call and does not search.
uint64_t version_now(const struct version *version);

// --- what a read has to see, perhaps on a replica; on the connection's thread (store_begin_at)

// Appends the vector of all that is committed now; outside of a transaction. A store that has no replicas
// appends nothing.
MUST_CHECK enum err_code versions_read(struct store_conn *conn, struct buf *vector, struct err *err);

// Whether vectors tell of all that the statement may read, so that a read on a replica that has seen a vector
// (store_begin_at) misses nothing that is in it: true of a statement that reads nothing, and where there are
// no replicas. Under the conditions of store_reads.
MUST_CHECK enum err_code versions_cover(struct store_stmt *stmt, bool *ret_is_covered, struct err *err);

#endif
