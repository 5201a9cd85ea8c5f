// SPDX-License-Identifier: Apache-2.0
// Notices that one INSERT … ON CONFLICT DO UPDATE meets a row that it has written itself: two of its rows
// have one key, of which SQLite lets the last win and PostgreSQL refuses both. The connection's thread.
#ifndef RECKONER_STORE_SQLITE_TWICE_H
#define RECKONER_STORE_SQLITE_TWICE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

struct sqlite_conn;

enum { SQLITE_KEY_COLUMNS = 32 }; // of a primary key

// What tells the rows of an upsert's table apart.
struct sqlite_upsert {
    bool is_upsert;                       // the statement is one that may meet a key twice
    uint8_t key_count;                    // of columns; 0: rows go by their rowid
    uint16_t columns[SQLITE_KEY_COLUMNS]; // of the primary key of a table WITHOUT ROWID
};

// The rows that a statement under way has written.
struct sqlite_twice {
    const struct sqlite_upsert *upsert; // borrowed; of the statement
    uint64_t *slots;                    // owned; a hash set of keys that are not 0, of `capacity` slots
    size_t capacity;                    // a power of two, or 0
    size_t count;                       // of keys in slots
    bool is_active;                     // the statement runs: sqlite_twice_row is to be told
    bool has_zero;                      // the key 0 is in the set
    bool is_met;                        // a row was written a second time
    bool out_of_memory;                 // and more may have been
};

void sqlite_twice_fini(struct sqlite_twice *twice);

// Finds out whether the statement that was compiled just now, which writes to conn->inserts_into, is an
// upsert, and what its rows go by. An SQLite result code.
MUST_CHECK int sqlite_upsert_init(
    struct sqlite_conn *conn, struct span sql, struct sqlite_upsert *ret_upsert);

// A row is about to be changed (SQLite's preupdate hook).
void sqlite_twice_row(
    struct sqlite_twice *twice, sqlite3 *db, int operation, sqlite3_int64 old_rowid, sqlite3_int64 new_rowid);

// Around the step of an upsert that writes its rows, which is its first.
void sqlite_twice_begin(struct sqlite_conn *conn, const struct sqlite_upsert *upsert);
void sqlite_twice_end(struct sqlite_conn *conn);

#endif
