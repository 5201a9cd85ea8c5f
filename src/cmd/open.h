// SPDX-License-Identifier: Apache-2.0
// What the commands that touch a store do first: read the app, open its store, bring the schema up to date,
// check every statement on it. Messages go to stderr.
#ifndef RECKONER_CMD_OPEN_H
#define RECKONER_CMD_OPEN_H

#include <stdbool.h>

#include "app/app.h"
#include "cmd/options.h"
#include "store/store.h"

struct opened {
    struct store *store;     // owned
    struct app *app;         // owned
    struct store_conn *conn; // owned; STORE_WRITE, nothing running on it
};

// Reads the files of the app in `dir`, those for stores like the one at `url`, or SQLite's when it is NULL.
// NULL, after messages on stderr, when something is wrong: then its statements are tried on a scratch store
// too, so that all errors are told at once. The caller owns a reference.
struct app *read_app(const char *dir, const char *url);

// Whether what failed is to be tried again, as another process (a node that starts, too) has the store's
// lock; clears the error then. `tries` counts, from 0; ten minutes at least, and a message before the first
// one.
bool wait_for_others(struct err *err, unsigned *tries);

// Opens the store of an app, options->store or else DIR/<app>.db in options->var, which is made when it is
// not there; brings it up to date and checks the app on it. Keeps a reference. False, after messages on
// stderr, when something is wrong.
bool open_store_of(struct app *app, const struct options *options, struct opened *ret_opened);

// Both.
bool open_app(const char *dir, const struct options *options, struct opened *ret_opened);

// Opens the app in `dir` on a scratch store like the one at `url`, or in memory when that is NULL; for
// commands that only look at its files. Errors in them are printed too.
bool open_app_scratch(const char *dir, const char *url, struct opened *ret_opened);

// Closes what is still owned. A zeroed struct is fine.
void opened_fini(struct opened *opened);

// Makes the folder --var, unless it is there. False, after a message, when it cannot be made.
bool make_var(const char *path);

// "reckoner: app: text: hint" on stderr.
void show_error(const char *subject, const struct err *err);

// Sorts the diags and prints them on stderr; where there are none, the error that is no fault of the files.
void show_diags(const char *subject, struct diags *diags, const struct err *err);

#endif
