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

// Opens the store of `url` for the app of this name, and a connection to it, on which `make` makes the tables
// that are wanted; tells of an unclean end before. *store and *conn are the caller's to close, also where
// it fails. Errors of store_open, store_connect and `make`.
MUST_CHECK enum err_code store_site_connect(const struct options *options, const char *url, const char *name,
    enum err_code (*make)(struct store_conn *conn, struct err *err), struct store **store,
    struct store_conn **conn, struct err *err);

// Reads the app of the first word, and opens its store, in which `make` makes the tables that are wanted.
// `what` is what is looked for there: "jobs". False after messages.
MUST_CHECK bool store_site_open(struct store_site *site, const struct options *options, const char *what,
    enum err_code (*make)(struct store_conn *conn, struct err *err));

void store_site_fini(struct store_site *site);

#endif
