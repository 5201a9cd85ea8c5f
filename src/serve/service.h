// SPDX-License-Identifier: Apache-2.0
// An app opened on its store: migrated, checked, first load done, with its writer. Opened and closed by cmd/,
// before and after the server runs; immutable in between.
#ifndef RECKONER_SERVE_SERVICE_H
#define RECKONER_SERVE_SERVICE_H

#include "app/app.h"
#include "base/err.h"
#include "batch/writer.h"
#include "store/store.h"

struct service {
    struct app *app;          // owned; as it was at the start, see edition.h for what is in force
    struct store *store;      // owned
    struct store *read_store; // owned; where reads may go, too, see replica.h; NULL: nowhere else
    struct writer *writer;    // owned; NULL until service_start
    const char *data_dir;     // borrowed; where first loads find their files; NULL: the app's own data/
};

// Takes app and store, and `conn`, a STORE_WRITE connection on which everything is prepared: starts the
// writer. The read store is the caller's to put beside them.
MUST_CHECK enum err_code service_start(
    struct service *service, struct app *app, struct store *store, struct store_conn *conn, struct err *err);

// Ends the writer, closes the stores, frees the app. A zeroed struct is fine.
void service_fini(struct service *service);

#endif
