// SPDX-License-Identifier: Apache-2.0
// The versions of the app's tables in the database, which count its writes, and vectors of them.
#ifndef RECKONER_STORE_POSTGRESQL_VERSIONS_H
#define RECKONER_STORE_POSTGRESQL_VERSIONS_H

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"

struct pg_store;

enum { PG_CHANNEL_CHARS = 26 }; // of the app's notifications, and a NUL

// The tables in the app's schema that are not the app's, for IN.
#define PG_OWN_TABLES                                                                                        \
    "('reckoner_commits', 'reckoner_loads', 'reckoner_migrations', 'reckoner_notes', 'reckoner_raised', "    \
    "'reckoner_versions')"

// The channel on which the app's writes are notified, fit for every name.
void pg_channel(const struct pg_store *store, char ret_channel[PG_CHANNEL_CHARS]);

// Appends the script that makes the table of versions and its functions in the app's schema, or makes the
// functions anew.
void pg_append_versions(const struct pg_store *store, struct buf *sql);

MUST_CHECK enum err_code pg_versions_read(struct store_conn *base, struct buf *vector, struct err *err);
MUST_CHECK enum err_code pg_begin_at(struct store_conn *base, struct span vector, struct err *err);

#endif
