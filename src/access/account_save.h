// SPDX-License-Identifier: Apache-2.0
// What accounts of one node have used, through a restart: of windows of a minute and more, as the others are
// over by then. On the connection's thread.
#ifndef RECKONER_ACCESS_ACCOUNT_SAVE_H
#define RECKONER_ACCESS_ACCOUNT_SAVE_H

#include "access/account.h"
#include "base/err.h"
#include "store/store.h"

// Reads what was saved. What a clock has made of it that jumped meanwhile is cut to what can be true.
MUST_CHECK enum err_code account_load(
    struct accounts *accounts, size_t service, struct store_conn *conn, struct err *err);

// Saves what has changed since the last call. After an error it is all still to be saved.
MUST_CHECK enum err_code account_save(
    struct accounts *accounts, size_t service, struct store_conn *conn, struct err *err);

#endif
