// SPDX-License-Identifier: Apache-2.0
// A store on PostgreSQL, as the files of the driver share it. They build on each other in this order, the
// lowest first; a file calls those above it in this list only (tools/check-layers):
//
//     wire, decode, numeric, encode, value  values on the wire
//     text_array, sql, permit, url          texts: arrays, statements and what they may not do, urls
//     tracking, row_tracking, helpers       the SQL of what the driver makes in the database
//     state, bucket_hash, bucket_sets,      what the database tells of versions: asked, hashed, numbered
//     known
//     conn, run, error, breaker, errand     a connection and the run of a statement, what has failed, who
//                                           may try to reach a lost server; cancel requests and pings
//     link, tool                            which host a link leads to; PostgreSQL's own programs
//     queue, pipe                           what was sent and is not answered yet; sending, waiting, reading
//     session, guest, prepared, watch       set-up and revival; rights; what the server has prepared; the
//                                           thread that keeps up
//     batch, params                         the table batch, by COPY; the values of a run
//     tx                                    transactions, the savepoint, the records of commits
//     files                                 whether a read's tables are those of its snapshot
//     stmt, step                            statements: prepared and bound, and their rows
//     versions, buckets, exec, explain,     versions of tables, and of rows; scripts; plans; keys; what a
//     keys, reads, calls                    statement reads, and which functions it calls
//     schema, dump, restore                 the schemas; backups
//     store                                 opening and closing of stores and connections; the driver's table
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
