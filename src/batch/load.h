// SPDX-License-Identifier: Apache-2.0
// A data file as one batch, of any size in bounded memory, in a transaction that the caller began and will
// end: what `reckoner load` does, and a first load (first_load.h). On the thread of the connection.
#ifndef RECKONER_BATCH_LOAD_H
#define RECKONER_BATCH_LOAD_H

#include <stdint.h>

#include "app/app.h"
#include "app/plan.h"
#include "app/report.h"
#include "base/spool.h"
#include "store/store.h"

// How a file is loaded.
struct load_options {
    const struct csv_dialect *csv;                              // of a CSV file; NULL: the endpoint's
    void (*on_bytes)(void *ctx, uint64_t done, uint64_t total); // told how far it is; NULL: nobody is
    void *ctx;                                                  // handed to it
};

// Makes the table batch for the endpoint and puts the rows of the file at `path` into it, at most max_rows.
// Its format goes by its name: ERR_MEDIA_TYPE for one that tells none. ERR_IO for a file that cannot be read;
// otherwise the errors of batch/intake.h. Rows that do not pass are in `report`. `options` may be NULL.
MUST_CHECK enum err_code load_rows(const struct endpoint *endpoint, struct store_conn *conn, const char *path,
    size_t max_rows, const struct load_options *options, struct report *report, struct err *err);

// The values of an endpoint's parameters for a file, which has none: their defaults. Room for all of them is
// the caller's; they borrow the endpoint or `arena`. ERR_NO_MEMORY.
MUST_CHECK enum err_code load_params(
    const struct endpoint *endpoint, struct arena *arena, struct value *params, struct err *err);

// The format of the answer, as nobody negotiates with a file: text where there is nothing else.
enum answer_format load_format(const struct endpoint *endpoint);

// A file that goes through an endpoint as one batch. All is borrowed.
struct load {
    struct plan *plan;                  // of the endpoint
    const char *path;                   // of the file
    const struct load_options *options; // may be NULL
    struct report *report;              // gets the rows that do not pass
    struct report *warnings;            // gets what its @warn statements find
    struct spool *answer;               // the answer's JSON is appended to it
};

// Sends the file through the endpoint, on the plan's connection. ERR_CONFIG for an endpoint that no load can
// use (endpoint_load_problem). A transaction that began early (store_begin_early) takes its turn when the
// rows are in the table batch and the early checks of the plan, if any were found, have passed. Its record
// (record.h), for which the table has to be there, has the file's name. Rows that do not pass: ERR_INVALID,
// and all of them in `report`. Otherwise the errors of load_rows and of run.h.
MUST_CHECK enum err_code load_file(const struct load *load, struct err *err);

// After load_file or the commit has failed with *err, and the transaction was rolled back: finds the row that
// did it (batch/culprit.h), reading the file once more, and adds it to `report`. `took_ns`: how long the load
// took. Of a file whose rows take more than LIMIT_ROWS_BYTES the row is not told. It begins a transaction and
// rolls it back.
void load_find_culprit(const struct load *load, uint64_t took_ns, struct err *err);

// The same in a transaction that the caller has begun, and takes back: all in it is left as it was, unless
// the store fails.
void load_find_culprit_within(const struct load *load, uint64_t took_ns, struct err *err);

#endif
