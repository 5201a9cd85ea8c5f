// SPDX-License-Identifier: Apache-2.0
// Bounds the log. A commit moves the log into the database after some commits without waiting for anyone
// (checkpoint.c), and begins it again only when no read uses any of it. Reads that overlap without a gap keep
// it from that for ever. So past the bound the writer waits: first for the reads that are older than the last
// commit, then for those that came since and read from the log. Reads that begin after that read the database
// itself. Each wait is as long as the longest read that runs, for which LIMIT_STATEMENT_MS is the bound. The
// writer's thread.
//
// SQLite itself must not wait: it would wait for a reader's slot to be free although the reads in it are new
// ones by then, which come without a gap. So it is asked again and again, and looks at all slots anew.
//
// What another program reads in a transaction that it keeps open has no such bound: then the writer goes on,
// and tries again when the log has grown by as much again.
#include "store/sqlite/log_bound.h"

#include "base/clock.h"
#include "base/limits.h"
#include "store/sqlite/checkpoint.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/vfs.h"

enum { PAUSE_MS = 5 }; // between two tries

void sqlite_log_bound(struct sqlite_conn *conn)
{
    sqlite3_int64 bytes = sqlite_vfs_log_bytes(conn->db);
    if (bytes <= LIMIT_WAL_BYTES)
        conn->log_bound_bytes = LIMIT_WAL_BYTES;
    if (bytes <= conn->log_bound_bytes)
        return;
    uint64_t end_ns = clock_monotonic_ns() + LIMIT_WAL_WAIT_MS * NS_PER_MS;
    int result;
    conn->busy_limit_ms = 0;
    for (;;) {
        result = sqlite_checkpoint(conn, SQLITE_CHECKPOINT_RESTART);
        if (result != SQLITE_BUSY || sqlite_is_interrupted(conn) || clock_monotonic_ns() >= end_ns)
            break;
        clock_pause(PAUSE_MS * NS_PER_MS);
    }
    conn->busy_limit_ms = LIMIT_STORE_BUSY_MS;
    if (result != SQLITE_OK) // somebody reads on, or the disk has failed: of that the commit will tell
        conn->log_bound_bytes = bytes + LIMIT_WAL_BYTES;
}
