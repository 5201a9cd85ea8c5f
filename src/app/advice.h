// SPDX-License-Identifier: Apache-2.0
// Warnings about statements that work and may still cause trouble later: those that read big tables as a
// whole, those whose LIMIT cuts rows that have no sure order, decimals without their point, patterns that may
// take too long, and open endpoints whose SQL sees who asks. On the connection's thread.
#ifndef RECKONER_APP_ADVICE_H
#define RECKONER_APP_ADVICE_H

#include "app/app.h"
#include "base/err.h"
#include "store/store.h"

// Looks at every statement of an app that has passed app_check, on a STORE_WRITE connection of a store with
// data like that which it will serve; tables of fewer than LIMIT_BIG_TABLE_ROWS rows are no reason to warn.
// The advice goes into `warnings`. The table batch is left empty. ERR_NO_MEMORY; errors of the store.
MUST_CHECK enum err_code app_advise(
    const struct app *app, struct store_conn *conn, struct diags *warnings, struct err *err);

// Whether a line of the database's plan says that the statement reads all of a big table
// (LIMIT_BIG_TABLE_ROWS), by its own doing and not for a foreign key. Pure; any thread.
bool advice_is_big_read(const struct statement *statement, const struct store_plan_line *line);

#endif
