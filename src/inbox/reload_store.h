// SPDX-License-Identifier: Apache-2.0
// What was loaded last by each line of [reload]: Reckoner's own table reckoner_reloads, a row for each line,
// written by a seal in the rows' own savepoint. On the thread of the connection.
#ifndef RECKONER_INBOX_RELOAD_STORE_H
#define RECKONER_INBOX_RELOAD_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "batch/seal.h"
#include "store/store.h"

// Makes the table, unless it is there; outside of a transaction. Errors of store_make_table.
MUST_CHECK enum err_code reload_store_make(struct store_conn *conn, struct err *err);

// A file as it was loaded last.
struct reload_row {
    int64_t bytes;      //
    int64_t written_us; // since 1970: when it was written
    int64_t batch;      // the id of the batch; 0: nothing was loaded by that line yet
};

// Errors of the store.
MUST_CHECK enum err_code reload_store_find(
    struct store_conn *conn, const char *line, struct reload_row *ret_row, struct err *err);

// What binds a file to its batch.
struct reload_seal {
    struct seal seal;     // reload_seal_init makes it; taken away: another process has loaded a newer file
    const char *line;     // its name in app.ini; borrowed, as below
    const char *identity; // of the file (file_try.h): read when the batch is written
    int64_t bytes;        // of the file
    int64_t written_us;   // likewise
    int64_t known_batch;  // out, where batch->is_known: the batch in which it was loaded last
};

// Makes it a seal for a batch's list; the fields that are not out are the caller's to set.
void reload_seal_init(struct reload_seal *seal);

#endif
