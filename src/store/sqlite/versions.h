// SPDX-License-Identifier: Apache-2.0
// The version of a store in a file, which all of its tables share.
#ifndef RECKONER_STORE_SQLITE_VERSIONS_H
#define RECKONER_STORE_SQLITE_VERSIONS_H

#include <stdatomic.h>

#include "store/driver.h"

// The header of a WAL index: 32-bit words that all processes share which have the file open.
typedef const volatile uint32_t sqlite_wal_word;

struct sqlite_version {
    struct version base;               // first
    _Atomic(sqlite_wal_word *) header; // borrowed from SQLite; NULL: the store is not watched
};

void sqlite_version_init(struct sqlite_version *version);

struct sqlite_store; // store.h

// A number of what is committed now: another one after each commit, and none is used twice. 0: it is not
// known.
uint64_t sqlite_state_now(const struct sqlite_store *store);

// Whether all of the log has been moved into the database. For a guess: it may be out of date. Of a store
// whose sqlite_state_now was known.
bool sqlite_log_is_moved(const struct sqlite_store *store);

MUST_CHECK enum err_code sqlite_watch(struct store *base, struct err *err);
const struct version *sqlite_version_of(struct store *base, const char *table);

MUST_CHECK enum err_code sqlite_begin_seen(struct store_conn *conn, struct err *err);
uint64_t sqlite_version_seen(struct store_conn *conn, const struct version *version);

#endif
