// SPDX-License-Identifier: Apache-2.0
// Notices that one INSERT … ON CONFLICT DO UPDATE meets a row that it has written itself: two of its rows
// have one key, of which SQLite lets the last win and PostgreSQL refuses both. The connection's thread.
#ifndef RECKONER_STORE_SQLITE_TWICE_H
#define RECKONER_STORE_SQLITE_TWICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

struct sqlite_conn;

// The rows that a statement under way has written.
struct sqlite_twice {
    uint64_t *slots;    // owned; a hash set of keys that are not 0, of `capacity` slots
    size_t capacity;    // a power of two, or 0
    size_t count;       // of keys in slots
    bool has_zero;      // the key 0 is in the set
    bool knows_table;   // has_rowid is known
    bool has_rowid;     // the table's rows go by their rowid; else by a hash of all that is in them
    bool is_met;        // a row was written a second time
    bool out_of_memory; // and more may have been
};

void sqlite_twice_fini(struct sqlite_twice *twice);

// Whether the statement is an INSERT … ON CONFLICT DO UPDATE.
bool sqlite_is_upsert(struct span sql);

// Around the step of an upsert that writes its rows, which is its first.
void sqlite_twice_begin(struct sqlite_conn *conn);
void sqlite_twice_end(struct sqlite_conn *conn);

#endif
