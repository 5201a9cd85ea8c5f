// SPDX-License-Identifier: Apache-2.0
// Versions: what has become of an app's tables. A version is a number of one table, which is another one
// after each commit that wrote to the table, whoever made it. A vector is the versions of all tables of an
// app at one moment, as an opaque text that only its store can read.
#ifndef RECKONER_STORE_VERSIONS_H
#define RECKONER_STORE_VERSIONS_H

#include "store/store.h"

// Appends the vector of what is committed now; outside of a transaction, on the connection's thread. A store
// that has no replicas appends nothing.
MUST_CHECK enum err_code versions_read(struct store_conn *conn, struct buf *vector, struct err *err);

// Whether vectors tell of all that the statement may read, so that a read on a replica that has seen a vector
// (store_begin_at) misses nothing that is in it: true of a statement that reads nothing, and where there are
// no replicas. Under the conditions of store_reads.
MUST_CHECK enum err_code versions_cover(struct store_stmt *stmt, bool *ret_is_covered, struct err *err);

#endif
