// SPDX-License-Identifier: Apache-2.0
// Prompt connections, for reads on a thread that may not wait: an event loop's. Where a statement would have
// to wait for a disk or for a lock, it fails, and the read is done again on another connection. A snapshot is
// kept from one read to the next while nothing is committed.
#ifndef RECKONER_STORE_PROMPT_H
#define RECKONER_STORE_PROMPT_H

#include "store/store.h"

// Connects for reading, as STORE_READ does, and may wait for that. *ret_conn is NULL where nothing can be
// read promptly: in a database on another machine, in memory, and on a file system that does not tell what
// it has in memory. Statements are prepared in between prompt_pause and prompt_resume; those that may take
// long without a look at their deadline (store_deadline) are refused with ERR_CONFIG. Any thread.
MUST_CHECK enum err_code prompt_connect(struct store *store, struct store_conn **ret_conn, struct err *err);

// The connection may wait, as after prompt_connect. Outside of a transaction. Errors of the store.
MUST_CHECK enum err_code prompt_pause(struct store_conn *conn, struct err *err);

// From here on the connection is prompt; it may wait in this call. ERR_STALE: the schema has changed since
// prompt_pause, so that statements may have to be prepared anew. Errors of the store.
MUST_CHECK enum err_code prompt_resume(struct store_conn *conn, struct err *err);

// Begins a read transaction that sees all that was committed before the call: goes on with the one that is
// open, if nothing was committed since it began, or else ends it and begins another one. store_rollback ends
// it: the store needs more room while it is open. version_seen is known in it, as in one of store_begin_seen.
//
// After an error no transaction is open. ERR_BUSY: it would have to wait, or nobody knows whether something
// was committed (the store is not watched, say). ERR_STALE as above.
MUST_CHECK enum err_code prompt_begin(struct store_conn *conn, struct err *err);

#endif
