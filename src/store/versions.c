// SPDX-License-Identifier: Apache-2.0
// From the questions of versions.h to the driver, which knows the answers. The connection's thread.
#include "store/versions.h"

#include "store/driver.h"

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
