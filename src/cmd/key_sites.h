// SPDX-License-Identifier: Apache-2.0
// The stores that `reckoner key` works on: one of each app that it was given, without a look at the app's own
// tables. A key of several apps is one row in each of their stores. On the main thread; messages go to
// stderr.
#ifndef RECKONER_CMD_KEY_SITES_H
#define RECKONER_CMD_KEY_SITES_H

#include <stdbool.h>
#include <stddef.h>

#include "app/app.h"
#include "cmd/options.h"
#include "store/store.h"

struct key_site {
    struct app *app;         // owned
    struct store *store;     // owned
    struct store_conn *conn; // owned; STORE_WRITE, with the tables of keys
    bool is_new;             // there was no such store before
};

struct key_sites {
    struct key_site *items; // owned
    size_t count;           //
};

// Reads the apps in `dirs`. False after messages; *ret_exit is the exit code then.
bool key_sites_read(const struct options *options, const char *const *dirs, size_t count,
    struct key_sites *ret_sites, int *ret_exit);

// Opens the stores of all. One that is not there is made, if `may_make`. False after messages.
bool key_sites_open(struct key_sites *sites, const struct options *options, bool may_make);

// Closes and frees what there is. A zeroed struct is fine.
void key_sites_fini(struct key_sites *sites);

// Changes all stores or none: `change` is called in a transaction of each of them, which are committed when
// it has succeeded in all; it may be called again after a rollback. False after messages, which say whose
// stores have the change, should a commit have failed behind others.
bool key_sites_change(struct key_sites *sites,
    enum err_code (*change)(void *ctx, struct key_site *site, struct err *err), void *ctx);

#endif
