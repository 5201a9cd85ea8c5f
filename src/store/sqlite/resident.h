// SPDX-License-Identifier: Apache-2.0
// Reading of a store's files without waiting for the disk: of what the kernel has in memory.
#ifndef RECKONER_STORE_SQLITE_RESIDENT_H
#define RECKONER_STORE_SQLITE_RESIDENT_H

#include <stdbool.h>

#include <sqlite3.h>

#include "store/sqlite/place.h"

// Descriptors for reading, beside those of SQLite. Immutable while they are open; any thread reads by them.
struct sqlite_resident {
    int database;   // owned; -1: none
    int log;        // likewise
    bool is_of_use; // both are there, and their file system can tell what it has in memory
};

#define SQLITE_RESIDENT_NONE ((struct sqlite_resident){.database = -1, .log = -1})

// Opens the files that lie at `place`, unless they are open. Where that fails, nothing is of use, which is no
// error.
void sqlite_resident_open(struct sqlite_resident *resident, const struct sqlite_place *place);

// Once the process has no other connection to the files.
void sqlite_resident_close(struct sqlite_resident *resident);

// An xRead of SQLite's. SQLITE_BUSY: part of it is not in memory.
int sqlite_resident_read(int fd, void *bytes, int count, sqlite3_int64 offset);

#endif
