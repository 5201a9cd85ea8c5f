// SPDX-License-Identifier: Apache-2.0
// Files as batches: what `reckoner load` does with one, and what app.ini's [load] does at first start. A file
// of any size goes through in bounded memory, in a transaction that the caller began and will end. On the
// thread of the connection.
#ifndef RECKONER_BATCH_LOAD_H
#define RECKONER_BATCH_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "app/app.h"
#include "app/plan.h"
#include "app/report.h"
#include "base/spool.h"
#include "store/store.h"

// Told how far a file is; `ctx` is handed through.
struct load_progress {
    void (*on_bytes)(void *ctx, uint64_t done, uint64_t total); // of the file; NULL: nobody wants to know
    void *ctx;                                                  //
};

// Sends the file at `path` through the endpoint of `plan` as one batch. ERR_CONFIG for an endpoint that no
// load can use (endpoint_load_problem). Rows that do not pass: ERR_INVALID, and all of them in `report`.
// ERR_IO for a file that cannot be read; otherwise the errors of reader.h and run.h. What its @warn
// statements found is in `warnings`. The answer's JSON is appended to `answer`.
MUST_CHECK enum err_code load_file(struct plan *plan, struct store_conn *conn, const char *path,
    const struct load_progress *progress, struct report *report, struct report *warnings,
    struct spool *answer, struct err *err);

// Whether a file that the app's [load] names is in the folder.
bool load_has_files(const struct app *app, const char *data_dir);

struct first_load {
    const char *data_dir; // where the files are sought; NULL: the app's own data/
    const char *now;      // RFC 3339 timestamp, kept with the record of each load

    // Told, when all is on disk, of each file that went in, with its warnings, or was not there (`loaded`
    // false, only in a data_dir of the operator's).
    void (*on_file)(void *ctx, const char *path, bool loaded, const struct report *warnings);
    void *ctx; //
};

// Runs the app's loads that the store has no record of, in order, all in one transaction, so that a failure
// leaves nothing and nothing is told. On a failure *ret_path (valid until app_unref) is the file that it was
// met in, NULL for none; on ERR_INVALID `report` has the bad rows of that file.
MUST_CHECK enum err_code load_first(struct app *app, struct store_conn *conn,
    const struct first_load *options, struct report *report, const char **ret_path, struct err *err);

#endif
