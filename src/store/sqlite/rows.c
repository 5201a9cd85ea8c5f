// SPDX-License-Identifier: Apache-2.0
// SQLite has one preupdate hook for a connection; here it is handed on. The connection's thread.
#define SQLITE_ENABLE_PREUPDATE_HOOK // what Debian's library is built with; it declares the functions
#include "store/sqlite/rows.h"

#include "store/sqlite/conn.h"

static void on_row(void *ctx, sqlite3 *db, int operation, const char *schema, const char *table,
    sqlite3_int64 old_rowid, sqlite3_int64 new_rowid)
{
    struct sqlite_conn *conn = ctx;
    if (conn->twice.is_active)
        sqlite_twice_row(&conn->twice, db, operation, old_rowid, new_rowid);
    if (conn->tracks.is_active)
        sqlite_tracks_row(&conn->tracks, db, operation, schema, table);
}

void sqlite_rows_tell(struct sqlite_conn *conn, bool is_told)
{
    sqlite3_preupdate_hook(conn->db, is_told ? on_row : NULL, conn);
}
