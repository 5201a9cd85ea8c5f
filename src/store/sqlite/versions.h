// SPDX-License-Identifier: Apache-2.0
// The versions of a store in a file: of each table, and of the whole.
#ifndef RECKONER_STORE_SQLITE_VERSIONS_H
#define RECKONER_STORE_SQLITE_VERSIONS_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/driver.h"
#include "store/name_table.h"
#include "store/sqlite/index_header.h"

struct sqlite_buckets;  // buckets.h
struct sqlite_conn;     // conn.h
struct sqlite_store;    // store.h
struct sqlite_versions; // below

struct sqlite_version {
    struct version base;              // first
    struct sqlite_versions *versions; // borrowed; those of its store
    struct sqlite_version *of;        // borrowed; of a bucket: that of all buckets; else NULL
    _Atomic(uint64_t) number;         // of its last commit; those of `of` and versions->floor may be larger
};

struct sqlite_versions {
    _Atomic(sqlite_wal_word *) header; // borrowed from SQLite; NULL: the store is not watched
    _Atomic(uint64_t) known;           // the hash of the header of the state that is counted; 0: none is
    _Atomic(uint64_t) floor;           // no number is smaller
    _Atomic(uint64_t) last;            // number given out
    struct sqlite_version whole;       // raised with each commit

    pthread_mutex_t counting; // guards what follows, and the setting of the five above; held for no wait
    bool is_held;             // a connection of this store has the file's lock for writing
    bool is_ours;             // and its transaction began at a state that was counted
    struct sqlite_index_header held; // the header when the lock was got

    pthread_mutex_t naming;  // guards what follows
    struct name_table names; // of the tables; their items are struct sqlite_version

    _Atomic(struct sqlite_buckets *) buckets; // owned; a list, added to at its front under both mutexes
};

void sqlite_versions_init(struct sqlite_versions *versions);
void sqlite_versions_fini(struct sqlite_versions *versions);

// A number of what is committed now: another one after each commit, and none is used twice. 0: it is not
// known.
uint64_t sqlite_state_now(const struct sqlite_store *store);

MUST_CHECK enum err_code sqlite_watch(struct store *base, struct err *err);

// The version of the table of that name, made if there is none; NULL past LIMIT_VERSIONS, and without memory.
// A name that SQLite keeps for itself ("sqlite_schema") stands for the whole store. Any thread.
struct sqlite_version *sqlite_versions_find(struct sqlite_versions *versions, const char *table);
const struct version *sqlite_version_of(struct store *base, const char *table);

// The last number that was given out, when what others have committed is counted. Any thread.
uint64_t sqlite_versions_last(struct sqlite_versions *versions);

uint64_t sqlite_version_seen(struct store_conn *conn, const struct version *version);

// A version of the store's, whose number is not smaller than that of `of`, unless this is NULL.
void sqlite_versions_init_one(
    struct sqlite_versions *versions, struct sqlite_version *of, struct sqlite_version *version);

// Takes new buckets, under `naming`. From here on they are raised.
void sqlite_versions_add_buckets(struct sqlite_versions *versions, struct sqlite_buckets *buckets);

// --- what the store's own connections tell of their writes; on the connection's thread

// The file's lock for writing was got (is_got), or is about to be let go.
void sqlite_versions_on_lock(void *conn, bool is_got);

// The connection's transaction has begun, with the lock: from here on conn->writes tells what it writes.
void sqlite_versions_begin(struct sqlite_conn *conn);

#endif
