// SPDX-License-Identifier: Apache-2.0
// Versions of a table's rows by some of its columns (versions_by).
#ifndef RECKONER_STORE_SQLITE_BUCKETS_H
#define RECKONER_STORE_SQLITE_BUCKETS_H

#include "base/limits.h"
#include "store/driver.h"
#include "store/sqlite/bucket_hash.h"
#include "store/sqlite/versions.h"

struct sqlite_bucket_column {
    char *name;                   // owned; as the schema has it
    enum sqlite_bucket_kind kind; // how its values are compared
};

// Made by a reader, and immutable from then on but for the numbers, which those who count set; freed with the
// store.
struct sqlite_buckets {
    struct version_buckets base;                               // first
    struct sqlite_buckets *next;                               // in versions->buckets
    struct sqlite_version *table;                              // borrowed; raised with each of them
    char *table_name;                                          // owned; as the schema has it
    size_t column_count;                                       // at most LIMIT_BUCKET_COLUMNS
    struct sqlite_bucket_column columns[LIMIT_BUCKET_COLUMNS]; //
    struct sqlite_version whole;                               // no bucket has a smaller number
    struct sqlite_version buckets[LIMIT_BUCKETS];              // by sqlite_bucket_of
};

MUST_CHECK enum err_code sqlite_buckets_find(struct store_conn *conn, const char *table,
    const struct span *columns, size_t count, const struct version_buckets **ret_buckets,
    const char **ret_why, struct err *err);

// Frees them, and those behind them.
void sqlite_buckets_free(struct sqlite_buckets *buckets);

#endif
