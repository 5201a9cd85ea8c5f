// SPDX-License-Identifier: Apache-2.0
// The record of a batch: a row of Reckoner's own table reckoner_batches, in the batch's own savepoint, so
// that it is there exactly when the rows are. Its number is the batch's id. On the thread of the connection.
#ifndef RECKONER_BATCH_RECORD_H
#define RECKONER_BATCH_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/endpoint.h"
#include "base/err.h"
#include "base/span.h"
#include "store/own_sql.h"

// Where a batch came from. Each may be empty.
struct batch_source {
    struct span client_kind; // "key", "token", "certificate"
    struct span client;      // the id, without control bytes
    struct span address;     // of the client, as the access log has it
    struct span file;        // the name of the file that was loaded
};

// Makes the table, unless it is there; outside of a transaction. Errors of store_make_table.
MUST_CHECK enum err_code record_make_table(struct store_conn *conn, struct err *err);

// A record under way. Zeroed it is none.
struct record {
    struct store_stmt *asked; // its insertion, the answer of which was not read yet; or NULL
};

// What is to be told of a batch. Borrowed.
struct record_of {
    const struct endpoint *endpoint;
    const struct batch_source *source;
    uint64_t rows;
    bool wants_id; // before its statements run
};

// Inserts the record of a batch. With `wants_id` *ret_id is its id; else it is set by record_end at the
// latest, so that on a store where a round trip is costly this costs none. The statements are kept in `own`.
// Errors of the store.
MUST_CHECK enum err_code record_begin(struct record *record, struct own_statements *own,
    const struct record_of *batch, int64_t *ret_id, struct err *err);

// Behind the batch's own statements. Errors of the store.
MUST_CHECK enum err_code record_end(struct record *record, int64_t *ret_id, struct err *err);

// Forgets a record of which the batch has failed. Harmless where there is none.
void record_drop(struct record *record);

// Removes records that are older than LIMIT_RECORD_DAYS, LIMIT_PRUNE_ROWS at most, in the open transaction;
// the newest one stays in any case, as ids go on from it. *ret_count: how many. Errors of the store.
MUST_CHECK enum err_code record_prune(struct own_statements *own, size_t *ret_count, struct err *err);

// --- reading

struct record_row {
    int64_t id;
    int64_t at_us;        // microseconds since 1970, by the database's clock
    struct span endpoint; // "POST /prices"
    struct batch_source source;
    int64_t rows;
};

// Which records are wanted.
struct record_filter {
    const struct batch_source *client; // whose kind and id they have; NULL: anybody's
    int64_t before;                    // their ids are less than that; INT64_MAX: any
    size_t limit;                      // how many at most
};

// Calls on_row for each, the newest first; texts are valid during the call. Where there is no such table
// there are none. Errors of the store, and those of on_row.
MUST_CHECK enum err_code record_read(struct store_conn *conn, const struct record_filter *filter,
    enum err_code (*on_row)(void *ctx, const struct record_row *row, struct err *err), void *ctx,
    struct err *err);

#endif
