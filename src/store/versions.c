// SPDX-License-Identifier: Apache-2.0
// From the questions of versions.h to the driver, which knows the answers: numbers in SQLite from the header
// of the shared WAL index (sqlite/versions.c), in PostgreSQL from a thread that listens (postgresql/watch.c).
#include "store/versions.h"

#include "store/driver.h"

static uint64_t not_known(const struct version *version)
{
    (void)version;
    return 0;
}

static const struct version unknown = {.now = not_known};

const struct version *versions_of(struct store *store, const char *table)
{
    const struct version *version = store->driver->version_of(store, table);
    return version != NULL ? version : &unknown;
}

uint64_t version_now(const struct version *version)
{
    return version->now(version);
}

enum err_code versions_read(struct store_conn *conn, struct buf *vector, struct err *err)
{
    return conn->driver->versions_read != NULL ? conn->driver->versions_read(conn, vector, err) : ERR_NONE;
}

enum err_code versions_cover(struct store_stmt *stmt, bool *ret_is_covered, struct err *err)
{
    if (stmt->driver->versions_cover != NULL)
        return stmt->driver->versions_cover(stmt, ret_is_covered, err);
    *ret_is_covered = true;
    return ERR_NONE;
}
