// SPDX-License-Identifier: Apache-2.0
// Whether the database accepts an app's statements. On the connection's thread.
#ifndef RECKONER_APP_APP_CHECK_H
#define RECKONER_APP_APP_CHECK_H

#include "app/app.h"
#include "base/err.h"
#include "store/store.h"

// Prepares every statement of every endpoint on a STORE_WRITE connection whose schema is up to date, and
// leaves nothing behind but an empty table batch. Reports every error in `diags`; ERR_CONFIG when there is
// one. Other errors are the store's own, and end the check.
MUST_CHECK enum err_code app_check(
    const struct app *app, struct store_conn *conn, struct diags *diags, struct err *err);

#endif
