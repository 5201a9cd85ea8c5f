// SPDX-License-Identifier: Apache-2.0
// What is right in an app and still may go wrong later: statements that read big tables as a whole, and rows
// that a LIMIT cuts without a sure order. On the connection's thread.
#ifndef RECKONER_APP_ADVICE_H
#define RECKONER_APP_ADVICE_H

#include "app/app.h"
#include "base/err.h"
#include "store/store.h"

// Looks at every statement of an app that has passed app_check, on a STORE_WRITE connection of a store with
// data like that of later; tables of fewer than LIMIT_BIG_TABLE_ROWS rows are no reason to warn. What there
// is to say goes into `warnings`. The table batch is left empty. ERR_NO_MEMORY; errors of the store.
MUST_CHECK enum err_code app_advise(
    const struct app *app, struct store_conn *conn, struct diags *warnings, struct err *err);

// Whether a line of a statement's plan reads all of a table that is big (LIMIT_BIG_TABLE_ROWS), and the
// statement's own doing. Pure; any thread.
bool advice_is_big_read(const struct statement *statement, const struct store_plan_line *line);

#endif
