// SPDX-License-Identifier: Apache-2.0
// From the questions of prompt.h to the driver, if it has such connections.
#include "store/prompt.h"

#include "store/driver.h"

enum err_code prompt_connect(struct store *store, struct store_conn **ret_conn, struct err *err)
{
    if (store->driver->prompt != NULL)
        return store->driver->prompt->connect(store, ret_conn, err);
    *ret_conn = NULL;
    return ERR_NONE;
}

enum err_code prompt_pause(struct store_conn *conn, struct err *err)
{
    return conn->driver->prompt->pause(conn, err);
}

enum err_code prompt_resume(struct store_conn *conn, struct err *err)
{
    return conn->driver->prompt->resume(conn, err);
}

enum err_code prompt_begin(struct store_conn *conn, struct err *err)
{
    return conn->driver->prompt->begin(conn, err);
}
