// SPDX-License-Identifier: Apache-2.0
// What a store keeps of accounts, in the table reckoner_quota: of each purse the theoretical arrival time
// (gcra.h), in nanoseconds since 1970. Where nodes share the store, it is by the database's clock, and
// decides what each of them gets; else it is what the one node has saved. On the connection's thread.
#ifndef RECKONER_ACCESS_QUOTA_STORE_H
#define RECKONER_ACCESS_QUOTA_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access/gcra.h"
#include "base/err.h"
#include "base/span.h"
#include "store/store.h"

// Makes the table where there is none. On a STORE_WRITE connection, outside of a transaction.
MUST_CHECK enum err_code quota_store_make(struct store_conn *conn, struct err *err);

// Forgets purses that are full again. Likewise.
MUST_CHECK enum err_code quota_store_prune(struct store_conn *conn, int64_t wall_ns, struct err *err);

// --- of one node

// A purse as it is saved: `tat_ns` is of the wall clock.
struct saved_purse {
    struct span name; // of its account, of account_name.h
    uint64_t kind;    // purse_kind
    int64_t tat_ns;   //
};

// Saves them in a transaction of its own.
MUST_CHECK enum err_code quota_store_save(
    struct store_conn *conn, const struct saved_purse *purses, size_t count, struct err *err);

// Calls on_purse for each that was saved, those that are ahead farthest last; its name is borrowed for the
// call.
MUST_CHECK enum err_code quota_store_load(struct store_conn *conn,
    void (*on_purse)(void *ctx, const struct saved_purse *purse), void *ctx, struct err *err);

// --- of several nodes

// What a node asks of one purse, and what it gets.
struct ration {
    struct span name;      // as above
    uint64_t kind;         //
    struct gcra_rate rate; //
    int64_t net;           // units that are given back; less than 0: that were used beyond a ration
    int64_t want;          // units that it would have, or 0
    int64_t granted;       // out: units that it has got
    int64_t ahead_ns;      // out: how far tat is ahead of the database's clock then
    bool is_told;          // out: whether the two are set
};

// Prepares quota_store_exchange on a STORE_WRITE connection; the caller finalises it.
MUST_CHECK enum err_code quota_store_prepare(
    struct store_conn *conn, struct store_stmt **ret_exchange, struct err *err);

// Settles all of them at once, in a transaction of its own: gives each what it wants, but no more than a
// quarter of what is left, or one if that is less than one. No two are of the same purse. Of a
// store whose database has a clock for all nodes: PostgreSQL.
MUST_CHECK enum err_code quota_store_exchange(struct store_conn *conn, struct store_stmt *exchange,
    struct ration *rations, size_t count, struct err *err);

#endif
