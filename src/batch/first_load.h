// SPDX-License-Identifier: Apache-2.0
// First loads: the files that the [load] lines of app.ini name, each put through its endpoint once in the
// life of a store. On the thread of the connection.
#ifndef RECKONER_BATCH_FIRST_LOAD_H
#define RECKONER_BATCH_FIRST_LOAD_H

#include <stdbool.h>

#include "app/app.h"
#include "app/report.h"
#include "store/store.h"

// Whether a file that the app's [load] names is in the folder.
bool first_load_has_files(const struct app *app, const char *data_dir);

// What is told of a file.
enum first_load_event {
    FIRST_LOAD_DONE,    // its rows went in
    FIRST_LOAD_NO_FILE, // it is not there, which it need not be in a data_dir of the operator's
    FIRST_LOAD_CHANGED, // it was loaded before, and has other bytes since
};

struct first_load_options {
    const char *data_dir; // where the files are sought; NULL: the app's own data/
    const char *now;      // RFC 3339 timestamp, kept with the record of each load

    // Told, when all is on disk, of each file of which there is something to tell; with the warnings of its
    // rows when they went in.
    void (*on_file)(void *ctx, const char *path, enum first_load_event event, const struct report *warnings);
    void *ctx; //
};

// Runs the app's first loads that the store has no record of, in order, all in one transaction, so that a
// failure leaves nothing and nothing is told. On a failure *ret_path (valid until app_unref) is the file that
// it was met in, NULL for none, and `report` has its rows that do not pass, and the one that a constraint has
// refused, if that was found.
MUST_CHECK enum err_code first_load_run(struct app *app, struct store_conn *conn,
    const struct first_load_options *options, struct report *report, const char **ret_path, struct err *err);

#endif
