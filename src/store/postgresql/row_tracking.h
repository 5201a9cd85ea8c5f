// SPDX-License-Identifier: Apache-2.0
// What notes, in the database, which buckets of a table's rows each transaction changes: tables, functions
// and triggers.
#ifndef RECKONER_STORE_POSTGRESQL_ROW_TRACKING_H
#define RECKONER_STORE_POSTGRESQL_ROW_TRACKING_H

#include "base/buf.h"

struct pg_store;

// Appends the script that makes the tables and functions in the app's schema, or the functions anew. The
// triggers are made when somebody asks for buckets (reckoner_by).
void pg_append_row_tracking(const struct pg_store *store, struct buf *sql);

#endif
