// SPDX-License-Identifier: Apache-2.0
// Keeps up with a store in a file: SQLite counts its commits, of which a connection sees all but its own. The
// store's last connection makes none. Any thread.
#include "store/sqlite/watch.h"

#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "store/sqlite/store.h"

enum err_code sqlite_watch(struct store *base, struct err *err)
{
    struct sqlite_store *store = sqlite_store(base);
    if (store->last == NULL || store->data_version != NULL) // what is in memory is read by its writer alone
        return ERR_NONE;
    struct sqlite_conn *conn = sqlite_conn(store->last);
    int result = sqlite3_prepare_v2(conn->db, "PRAGMA data_version", -1, &store->data_version, NULL);
    return result == SQLITE_OK ? ERR_NONE : sqlite_fail(conn, result, err);
}

bool sqlite_version(struct store *base, const char *table, uint64_t *ret_version)
{
    struct sqlite_store *store = sqlite_store(base);
    (void)table; // all of them have the same
    if (store->data_version == NULL)
        return false;
    pthread_mutex_lock(&store->lock);
    bool is_known = sqlite3_step(store->data_version) == SQLITE_ROW;
    if (is_known)
        *ret_version = (uint64_t)sqlite3_column_int64(store->data_version, 0);
    sqlite3_reset(store->data_version);
    pthread_mutex_unlock(&store->lock);
    return is_known;
}

void sqlite_watch_end(struct sqlite_store *store)
{
    sqlite3_finalize(store->data_version);
    store->data_version = NULL;
}
