// SPDX-License-Identifier: Apache-2.0
// Does what SQLite's own wal_autocheckpoint does, and takes the time. How long the log may become at most is
// log_bound.c's affair. The connection's thread.
#include "store/sqlite/checkpoint.h"

#include <sqlite3.h>

#include "base/clock.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/store.h"

// The log is moved into the file after so many pages (16 MB), as a reader finds a page in a log of up to 4062
// with a single hash probe (the SQLite file format, section 4.4 "WAL-Index").
enum { LOG_PAGES = 4000 };

int sqlite_checkpoint(struct sqlite_conn *conn, int mode)
{
    struct sqlite_checkpoints *counts = &conn->store->checkpoints;
    sqlite_wal_word *header = atomic_load_explicit(&conn->store->versions.header, memory_order_acquire);
    uint32_t before = header != NULL ? sqlite_log_moved(header) : 0;
    uint64_t start_ns = clock_monotonic_ns();
    int frames = 0, moved = 0; // of the log as it is, with those that were moved before
    int result = sqlite3_wal_checkpoint_v2(conn->db, "main", mode, &frames, &moved);
    histogram_count_shared(&counts->seconds, clock_monotonic_ns() - start_ns);
    if (header != NULL && moved > 0 && (uint32_t)moved > before)
        atomic_fetch_add_explicit(&counts->pages, (uint32_t)moved - before, memory_order_relaxed);
    return result;
}

// A failure is no failure of the commit, and the next one tries again.
static int on_commit(void *ctx, sqlite3 *db, const char *schema, int pages)
{
    (void)db;
    (void)schema;
    if (pages >= LOG_PAGES)
        (void)sqlite_checkpoint(ctx, SQLITE_CHECKPOINT_PASSIVE);
    return SQLITE_OK;
}

void sqlite_checkpoint_install(struct sqlite_conn *conn)
{
    sqlite3_wal_hook(conn->db, on_commit, conn);
}
