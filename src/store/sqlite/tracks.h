// SPDX-License-Identifier: Apache-2.0
// The buckets (buckets.h) that a connection's transaction raises: those of the old and of the new values of
// each row that it changes.
#ifndef RECKONER_STORE_SQLITE_TRACKS_H
#define RECKONER_STORE_SQLITE_TRACKS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/sqlite/writes.h"

struct sqlite_buckets;  // buckets.h
struct sqlite_conn;     // conn.h
struct sqlite_track;    // tracks.c
struct sqlite_version;  // versions.h
struct sqlite_versions; // versions.h

// None when zeroed. The connection's.
struct sqlite_tracks {
    struct sqlite_track **items;   // owned; one for some buckets
    size_t count;                  // of them
    size_t room;                   // for so many
    struct sqlite_buckets *newest; // borrowed; there are items for it and all before it
    sqlite3_stmt *schema_number;   // owned; NULL before there are items
    int schema;                    // number of the schema in which columns were looked up
    bool is_active;                // a statement runs whose rows are noted
};

void sqlite_tracks_fini(struct sqlite_tracks *tracks);

// At the begin of a transaction that writes: nothing is raised. True: tables have got buckets, so statements
// that delete from them have to be compiled anew (sqlite_tracks_has).
bool sqlite_tracks_begin(struct sqlite_conn *conn);

// Whether rows of that table are noted: then a DELETE of all its rows must not be done in one step, which
// tells of no row.
bool sqlite_tracks_has(const struct sqlite_tracks *tracks, const struct sqlite_version *table);

// Before the step in which a statement writes: whether its rows have to be told to sqlite_tracks_row.
bool sqlite_tracks_start(struct sqlite_tracks *tracks, const struct sqlite_writes *writes);

// Behind it. What it wrote without that raises all.
void sqlite_tracks_stop(struct sqlite_tracks *tracks, const struct sqlite_writes *writes);

// A row is about to be changed (SQLite's preupdate hook).
void sqlite_tracks_row(
    struct sqlite_tracks *tracks, sqlite3 *db, int operation, const char *schema, const char *table);

// At a savepoint: what is raised so far is kept.
void sqlite_tracks_keep(struct sqlite_tracks *tracks);

// After ROLLBACK TO: only what was raised at the savepoint is.
void sqlite_tracks_take_back(struct sqlite_tracks *tracks);

// At the commit: gives the raised buckets of the table their number. Under the mutex of those who count.
void sqlite_tracks_raise(const struct sqlite_tracks *tracks, struct sqlite_versions *versions,
    const struct sqlite_version *table, uint64_t number);

#endif
