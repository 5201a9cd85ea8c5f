// SPDX-License-Identifier: Apache-2.0
// Which files are in: Reckoner's own table reckoner_files, a row for each, written by a seal in the rows' own
// savepoint. So a row is there exactly when the rows of its file are. On the thread of the connection.
#ifndef RECKONER_INBOX_FILE_STORE_H
#define RECKONER_INBOX_FILE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "batch/seal.h"
#include "store/store.h"

// Makes the table, unless it is there; outside of a transaction. Errors of store_make_table.
MUST_CHECK enum err_code file_store_make(struct store_conn *conn, struct err *err);

// Looks for a file that went in within the last LIMIT_RECORD_DAYS. *ret_batch: the id of its batch; 0: there
// is none. Errors of the store.
MUST_CHECK enum err_code file_store_find(
    struct store_conn *conn, const char *identity, int64_t *ret_batch, struct err *err);

// What binds a file to its batch.
struct file_seal {
    struct seal seal; // file_seal_init makes it; taken away: another process has put the file in meanwhile
    const char *identity; // of the file (file_try.h), and its name as text: read when the batch is written;
    struct span name;     // borrowed
    int64_t known_batch;  // out, where batch->is_known: the batch in which it went in
};

// Makes it a seal for a batch's list; identity and name are the caller's to set.
void file_seal_init(struct file_seal *seal);

#endif
