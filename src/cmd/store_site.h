// SPDX-License-Identifier: Apache-2.0
// An app's store as a command works on it that moves what is in Reckoner's own tables, whether a server runs
// or not. On the main thread.
#ifndef RECKONER_CMD_STORE_SITE_H
#define RECKONER_CMD_STORE_SITE_H

#include <stdbool.h>

#include "app/app.h"
#include "base/err.h"
#include "cmd/options.h"
#include "store/own_sql.h"
#include "store/store.h"

// Zeroed it is closed.
struct store_site {
    struct app *app;           // owned
    struct store *store;       // owned
    struct own_statements own; // of an owned STORE_WRITE connection
};

// Reads the app of the first word, and opens its store, in which `make` makes the tables that are wanted.
// `what` is what is looked for there: "jobs". False after messages.
MUST_CHECK bool store_site_open(struct store_site *site, const struct options *options, const char *what,
    enum err_code (*make)(struct store_conn *conn, struct err *err));

void store_site_fini(struct store_site *site);

#endif
