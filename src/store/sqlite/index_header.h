// SPDX-License-Identifier: Apache-2.0
// The header of the WAL index, which lies in memory that SQLite shares between all connections and processes
// that have a file open. Any thread reads it, without SQLite.
#ifndef RECKONER_STORE_SQLITE_INDEX_HEADER_H
#define RECKONER_STORE_SQLITE_INDEX_HEADER_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

// Its 32-bit words.
typedef const volatile uint32_t sqlite_wal_word;

// What it tells of a state of the file.
struct sqlite_index_header {
    uint64_t hash;    // of the header; two states never have the same one; 0: it is not whole
    uint32_t changes; // SQLite's counter, which each commit raises
};

// Finds it; *ret_header stays as it is where SQLite's VFS has no shared memory. It stays at its address until
// the process has closed the file on all connections. An SQLite result code.
MUST_CHECK int sqlite_index_header_find(sqlite3 *db, sqlite_wal_word **ret_header);

// Reads it. While somebody writes it, which takes some nanoseconds, it is not whole; it also is not after a
// process has died then, until SQLite makes the index anew.
struct sqlite_index_header sqlite_index_header_read(sqlite_wal_word *header);

// Whether it is the header of that hash.
bool sqlite_index_header_is(sqlite_wal_word *header, uint64_t hash);

// Whether all of the log has been moved into the database. For a guess: it may be out of date.
bool sqlite_log_is_moved(sqlite_wal_word *header);

// The number of frames of the log that are in the database.
uint32_t sqlite_log_moved(sqlite_wal_word *header);

struct sqlite_log_sizes {
    uint64_t database_bytes; // as the last commit has left it
    uint64_t log_bytes;      // that are in use
    uint64_t moved_bytes;    // of them, those that are in the database
};

// Reads them; while somebody writes the header they may be of two states.
struct sqlite_log_sizes sqlite_log_sizes(sqlite_wal_word *header);

#endif
