// SPDX-License-Identifier: Apache-2.0
// A store on PostgreSQL, as the files of the driver share it. They build on each other in this order, the
// lowest first; a file calls those above it in this list only (tools/check-layers):
//
//     value, sql, permit                  values on the wire; SQL text, and what it may not do
//     state, bucket_hash, bucket_sets,    what the database tells of versions; buckets, and their numbers;
//     all known                               of it, asked and taken breaker, errand, run                who
//     may try to reach a lost server; cancel requests and pings; what
//                                         has come for a statement
//     link, conn, error                   which host a link leads to; a connection's state; failures
//     queue                               what was sent and is not answered yet; giving a link up
//     pipe                                sending, waiting and reading; the deadline
//     session, prepared                   set-up and revival; what the server has prepared
//     batch                               the table batch, by COPY
//     tx                                  transactions, the savepoint, the records of commits
//     files                               whether a read's tables are those of its snapshot
//     stmt, versions, buckets,            statements; versions of tables, and of rows; scripts; plans and
//     keys exec, explain schema, reads, watch                schemas; what a statement reads; the thread that
//     keeps up store                               opening and closing of stores and connections; the
//     driver's table
//
// Everything is sent through libpq's pipeline mode: a command costs no round trip until its outcome
// is needed.
#ifndef RECKONER_STORE_POSTGRESQL_STORE_H
#define RECKONER_STORE_POSTGRESQL_STORE_H

#include <stdatomic.h>

#include "base/attr.h"
#include "store/driver.h"
#include "store/postgresql/breaker.h"
#include "store/postgresql/bucket_sets.h"
#include "store/version_slots.h"

struct pg_watch;

struct pg_store {
    struct store base;                 // first: &store->base is the store of store.h
    char *url;                         // owned; as given, for libpq
    char *name;                        // owned; the app's: the schema that its tables are in
    bool is_scratch;                   // the schema goes with the STORE_WRITE connection
    bool is_replica;                   // of several hosts, a standby is the one; what is lost stays lost
    struct pg_breaker breaker;         //
    struct pg_watch *watch;            // owned; NULL: the store is not watched
    struct version_slots versions;     // of the tables; set by the watch
    struct pg_bucket_sets bucket_sets; // of their rows; likewise
    _Atomic(uint64_t) server;     // when that was started which the watch was told of last, by its own clock
    const struct version *views;  // one of them: pg_views; NULL without memory
    _Atomic(uint64_t) shape_lsn;  // where in the log the newest shape is; set before its round ends
    struct pg_store *followed;    // borrowed; of a replica: whose versions its reads tell; else itself
    atomic_size_t connections[2]; // that are not closed, by enum store_mode; any thread
    atomic_uint first_host;       // of those in the url: the one to ask first; any thread
};

static inline struct pg_store *pg_store(struct store *store)
{
    return CONTAINER_OF(store, struct pg_store, base);
}

#endif
