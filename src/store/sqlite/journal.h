// SPDX-License-Identifier: Apache-2.0
// The temporary files in which SQLite keeps pages as they were before a savepoint or a statement, and those
// of the table batch before a transaction. Only its own connection reads such a file, and it is gone when the
// process ends, so SQLite's small writes to it may stay in memory until many of them go in one call.
#ifndef RECKONER_STORE_SQLITE_JOURNAL_H
#define RECKONER_STORE_SQLITE_JOURNAL_H

#include <sqlite3.h>
#include <stdbool.h>

enum { SQLITE_JOURNAL_OPEN_FLAGS = SQLITE_OPEN_SUBJOURNAL | SQLITE_OPEN_TEMP_JOURNAL }; // such a file has one

// An open file. SQLite gives it memory, with room for the file of the layer below behind it.
struct sqlite_journal {
    sqlite3_file base;    // first
    char *held;           // owned; what is written and not in the file yet; NULL before the first write
    int held_bytes;       // so much of it
    sqlite3_int64 at;     // where in the file it belongs
    sqlite3_file below[]; // owned, once it is open
};

// A file that is not open. Its `below` is to be opened then, and after that it itself by sqlite_journal_open.
struct sqlite_journal *sqlite_journal_init(sqlite3_file *base);

void sqlite_journal_open(struct sqlite_journal *journal);

#endif
