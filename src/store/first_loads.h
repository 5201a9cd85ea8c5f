// SPDX-License-Identifier: Apache-2.0
// The record of first loads in the store's table reckoner_loads (endpoint, file, applied_at), so that each is
// done once. On the connection's thread, inside the caller's transaction: record and rows go in together.
#ifndef RECKONER_STORE_FIRST_LOADS_H
#define RECKONER_STORE_FIRST_LOADS_H

#include <stdbool.h>

#include "base/err.h"
#include "store/store.h"

// Whether the first load of `file` through `endpoint` ("POST /prices") is on record. On a STORE_WRITE
// connection, as it makes the table where there is none.
MUST_CHECK enum err_code first_load_is_recorded(
    struct store_conn *conn, const char *endpoint, const char *file, bool *ret_recorded, struct err *err);

// Puts a first load on record. `now` is an RFC 3339 timestamp. ERR_CONFLICT when it is there already.
MUST_CHECK enum err_code first_load_record(
    struct store_conn *conn, const char *endpoint, const char *file, const char *now, struct err *err);

#endif
