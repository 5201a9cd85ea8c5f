// SPDX-License-Identifier: Apache-2.0
// Which answers a server will not keep, and why, for the app's author. On the connection's thread.
#ifndef RECKONER_APP_KEEP_ADVICE_H
#define RECKONER_APP_KEEP_ADVICE_H

#include "app/app.h"
#include "base/err.h"
#include "store/store.h"

// Looks at each read endpoint of an app that has passed app_check on this connection of the store, unless it
// or the app says that nothing is kept: whether its answers can be, and whether each @depends tells rows
// apart. The advice goes into `warnings`. ERR_NO_MEMORY; errors of the store.
MUST_CHECK enum err_code keep_advise(const struct app *app, struct store *store, struct store_conn *conn,
    struct diags *warnings, struct err *err);

#endif
