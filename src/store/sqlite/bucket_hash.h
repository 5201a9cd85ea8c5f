// SPDX-License-Identifier: Apache-2.0
// The hash of values that decides in which bucket a row is: values that SQLite takes for equal, by whichever
// collation, have the same one.
#ifndef RECKONER_STORE_SQLITE_BUCKET_HASH_H
#define RECKONER_STORE_SQLITE_BUCKET_HASH_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "text/value.h"

// How the values of a column are compared, by its affinity (sqlite.org/datatype3.html, sections 3 and 4.2).
enum sqlite_bucket_kind {
    BUCKET_TEXT,   // as texts
    BUCKET_AS_IS,  // as they are: a column without affinity
    BUCKET_NUMBER, // as numbers, where they are such
};

// Adds a column's value to *hash, before or after it got the column's affinity. False: no memory for it.
bool sqlite_bucket_add(uint64_t *hash, enum sqlite_bucket_kind kind, sqlite3_value *value);

// Adds the value of a parameter that the column has to equal. False: SQLite would turn it into another type,
// so nothing can be said.
bool sqlite_bucket_add_param(uint64_t *hash, enum sqlite_bucket_kind kind, const struct value *value);

// The bucket of a hash.
uint32_t sqlite_bucket_of(uint64_t hash);

#endif
