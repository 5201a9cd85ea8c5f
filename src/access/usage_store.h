// SPDX-License-Identifier: Apache-2.0
// Usage in an app's store: the table reckoner_usage, a row for each day, client and endpoint, to which every
// node adds. On the connection's thread.
//
// What is added goes in by transactions that have numbers, counted by each node (a process of a server) from
// 1. The highest one that was committed stands in reckoner_usage_nodes, written by the transaction itself. So
// one whose outcome is unknown is written again under the same number, and counts once.
#ifndef RECKONER_ACCESS_USAGE_STORE_H
#define RECKONER_ACCESS_USAGE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "access/usage_period.h"
#include "access/usage_table.h"
#include "base/err.h"
#include "store/store.h"

// Makes the tables where there are none. On a STORE_WRITE connection, outside of a transaction.
MUST_CHECK enum err_code usage_store_make(struct store_conn *conn, struct err *err);

// One node's way of adding, on a STORE_WRITE connection.
struct usage_writer {
    struct store_conn *conn;  // borrowed
    const char *node;         // borrowed; no other process has that name
    struct store_stmt *guard; // owned; notes the number
    struct store_stmt *add;   // owned; adds the rows of `batch`
};

// Prepares it, and forgets nodes that were not heard of for a month. Errors of the store. The caller calls
// usage_writer_fini also after an error.
MUST_CHECK enum err_code usage_writer_init(
    struct usage_writer *writer, struct store_conn *conn, const char *node, int32_t today, struct err *err);

// Before the connection is closed. A zeroed struct is fine.
void usage_writer_fini(struct usage_writer *writer);

// Adds entries, which are of one app and sorted (usage_table_sort), in a transaction of that number; if one
// of that number was committed before, nothing is done. After an error it may be there or not, and the same
// entries are to be added under the same number. Takes no turn among the app's batches (store_begin_early).
MUST_CHECK enum err_code usage_writer_add(struct usage_writer *writer, uint64_t number, int32_t today,
    struct usage_entry *const *entries, size_t count, struct err *err);

// Adds what was used in that time to `table`, under service 0: by the client of that id, or by all when
// `client` is NULL. A store without the tables has no usage; ERR_CONFIG
// where the role may not read them. Errors of the store; ERR_BUSY when the table is
// full.
MUST_CHECK enum err_code usage_store_read(struct store_conn *conn, struct usage_period period,
    const struct span *client, struct usage_table *table, struct err *err);

#endif
