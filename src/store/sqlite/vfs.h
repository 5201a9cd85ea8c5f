// SPDX-License-Identifier: Apache-2.0
// SQLite's files, seen on their way to the disk: why a call failed, the end of the log after a commit that
// failed, the lock for writing, temporary files that the kernel has lost, and what a thread has asked for.
#ifndef RECKONER_STORE_SQLITE_VFS_H
#define RECKONER_STORE_SQLITE_VFS_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "store/sqlite/resident.h"

// For sqlite3_open_v2.
extern const char SQLITE_VFS_NAME[];

// Makes the name known to SQLite; once in a process. An SQLite result code.
int sqlite_vfs_register(void);

// From here on the connection reads only what the kernel has in memory, and does not repair the log's index:
// what would have to wait is SQLITE_BUSY. NULL: it may wait. `resident` is borrowed until then. On the
// connection's thread.
void sqlite_vfs_set_prompt(sqlite3 *db, const struct sqlite_resident *resident);

// Whether SQLite may not sleep on this thread between two tries to begin a read.
void sqlite_vfs_keep_awake(bool is_awake);

// Has `on_lock` called when the connection has got the lock for writing to the log and its index, which all
// that write the index's header have, and before it lets go of it. On the connection's thread.
void sqlite_vfs_tell_lock(sqlite3 *db, void (*on_lock)(void *ctx, bool is_got), void *ctx);

// How often a statement has asked for the time on this thread.
uint64_t sqlite_vfs_times_asked(void);

// How often this thread was told that the kernel had lost pages of a temporary file. No bytes of that file
// can be read any more.
uint64_t sqlite_vfs_temps_lost(void);

// errno of the last call on a file that failed on this thread.
int sqlite_vfs_errno(void);

// Whether a failed commit of this connection may be in the database after all, as its end could not be cut
// off the log or made durable. On the connection's thread.
bool sqlite_vfs_is_in_doubt(sqlite3 *db);

// Tries again to cut the log, in an open transaction that writes and has not written yet; true when there is
// no doubt any more. On the connection's thread.
bool sqlite_vfs_end_doubt(sqlite3 *db);

// Bytes of a log that this connection has found and recovered, as nobody else had the store open; 0: none.
// On its thread.
sqlite3_int64 sqlite_vfs_recovered_bytes(sqlite3 *db);

// Bytes of the log that are in use, by the connection's index of it; 0: there is none. On its thread.
sqlite3_int64 sqlite_vfs_log_bytes(sqlite3 *db);

#endif
