// SPDX-License-Identifier: Apache-2.0
// Sets of buckets, and their numbers, which the watch's thread sets in the rounds of the tables' versions.
#ifndef RECKONER_STORE_POSTGRESQL_BUCKET_SETS_H
#define RECKONER_STORE_POSTGRESQL_BUCKET_SETS_H

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/limits.h"
#include "store/driver.h"
#include "store/version_slots.h"

struct pg_bucket_set;

struct pg_bucket {
    struct version base;       // first
    struct pg_bucket_set *set; // that it is of
    _Atomic(uint64_t) number;  // given when it was raised last
};

// The buckets of a table by some columns:
//
//                    reckoner_by() said yes of the shape that
//                    the table has in the next round, too
//     by the table ──────────────────────────────────────────► by themselves
//          ▲                                                        │
//          └────────────────────────────────────────────────────────┘
//                    the shape is another one, triggers are
//                    missing, or nothing is known
//
// Immutable, but for what has its owner below; freed with the store.
struct pg_bucket_set {
    struct version_buckets base;          // first
    struct pg_bucket_set *next;           // in the list of the store
    const struct version *table;          // of the store; what they go by meanwhile
    char *table_name;                     // owned
    char *key;                            // owned; as the state of the database names it
    char *columns[LIMIT_BUCKET_COLUMNS];  // owned
    size_t count;                         // of them
    char kinds[LIMIT_BUCKET_COLUMNS + 1]; // of their values (bucket_hash.h)
    _Atomic(uint64_t) whole;              // none has a smaller number; 0: they go by the table
    // --- the watch's thread
    bool has_table;       // the table was known in the last round
    uint64_t shape;       // of the table then
    bool is_checked;      // reckoner_by() has said yes
    uint64_t checked;     // of that shape
    uint64_t triggers;    // what they were in the last round by themselves
    uint64_t next_try_ns; // when to ask reckoner_by() again
    // --- numbers: set by the watch's thread
    struct pg_bucket buckets[LIMIT_BUCKETS];
};

struct pg_bucket_sets {
    pthread_mutex_t lock;                  // of those who add to it
    _Atomic(struct pg_bucket_set *) first; // owned; a list that only grows
};

void pg_bucket_sets_init(struct pg_bucket_sets *sets);
void pg_bucket_sets_fini(struct pg_bucket_sets *sets);

// Makes a set with the copied names, which goes by its table; `kinds` has a letter for each. NULL without
// memory.
struct pg_bucket_set *pg_bucket_set_new(const struct version *table, const char *table_name,
    const struct span *columns, size_t count, const char *kinds);

// The set of the list that is the same, or `made`, which is then the list's; NULL: there are too many. Takes
// `made`. Any thread.
struct pg_bucket_set *pg_bucket_sets_add(struct pg_bucket_sets *sets, struct pg_bucket_set *made);

// --- any thread: of a version that may be a bucket's

bool pg_is_bucket(const struct version *version);

// The version of the table that it is of, and its number; 0: it goes by the table.
const struct version *pg_bucket_table(const struct version *version);
uint64_t pg_bucket_number(const struct version *version);

// --- the watch's thread, between version_slots_begin and version_slots_end

// Takes what the state of the database (known.h) says of the sets. `follows`: it tells of all changes since
// the round before.
void pg_bucket_sets_take(
    struct pg_bucket_sets *sets, struct version_slots *slots, const PGresult *state, bool follows);

// Nothing is known.
void pg_bucket_sets_forget(struct pg_bucket_sets *sets);

#endif
