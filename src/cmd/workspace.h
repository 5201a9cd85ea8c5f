// SPDX-License-Identifier: Apache-2.0
// An app on a store: what most commands work on. The store's schema is the app's, and every statement of the
// app has been prepared on it once. On the main thread; what is wrong is told on stderr.
#ifndef RECKONER_CMD_WORKSPACE_H
#define RECKONER_CMD_WORKSPACE_H

#include <stdbool.h>

#include "app/app.h"
#include "cmd/options.h"
#include "store/store.h"

enum { STORE_URL_BYTES = 4200 }; // a path and a name

struct workspace {
    struct store *store;     // owned
    struct app *app;         // owned
    struct store_conn *conn; // owned; STORE_WRITE, nothing running on it
};

// Reads the files of the app in `dir`, those for stores like the one at `url`, or SQLite's when it is NULL.
// NULL, after messages, when something is wrong: then the statements of the files that could be read are
// tried on a scratch store, so that all errors are told at once. The caller owns a reference.
struct app *workspace_read_app(const char *dir, const char *url);

// Where the app's store is: options->store, or else DIR/<app>.db in options->var, whose url goes to
// `ret_url`.
const char *workspace_store_url(
    const struct options *options, const struct app *app, char ret_url[STORE_URL_BYTES]);

// Opens the app's store, which is made when it is not there; brings its schema up to date and checks the app
// on it. Keeps a reference to the app. False after messages.
bool workspace_open_store(struct app *app, const struct options *options, struct workspace *ret_workspace);

// Reads the app in `dir` and opens its store.
bool workspace_open(const char *dir, const struct options *options, struct workspace *ret_workspace);

// Reads the app in `dir` and opens it on a scratch store like the one at `url`, or in memory when that is
// NULL; for commands that look at an app's files only.
bool workspace_open_scratch(const char *dir, const char *url, struct workspace *ret_workspace);

// Whether the store at `url` is there: a file of SQLite's. Of a database on a server it is true, as nobody
// has looked.
bool workspace_store_is_there(const char *url);

// Closes what is still owned. A zeroed struct is fine.
void workspace_fini(struct workspace *workspace);

// Whether to try again what failed with `err`: true when another process had the store's lock, for at least
// ten minutes of tries; then the error is cleared. `tries` counts, from 0; the first one is told.
bool workspace_try_again(struct err *err, unsigned *tries);

#endif
