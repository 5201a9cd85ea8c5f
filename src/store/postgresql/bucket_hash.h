// SPDX-License-Identifier: Apache-2.0
// In which bucket the rows are whose columns equal some parameters: the same number as the database works out
// for the rows themselves (row_tracking.c).
#ifndef RECKONER_STORE_POSTGRESQL_BUCKET_HASH_H
#define RECKONER_STORE_POSTGRESQL_BUCKET_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "text/value.h"

// How the values of a column are made into text: letters of reckoner_kinds().
enum pg_bucket_kind {
    PG_BUCKET_TEXT = 't',    // without blanks at its end, which char(n) does not tell apart
    PG_BUCKET_INTEGER = 'i', // in digits
    PG_BUCKET_DATE = 'd',    // YYYY-MM-DD
    PG_BUCKET_UUID = 'u',    // 32 digits
    PG_BUCKET_BOOLEAN = 'b', // "true", "false"
};

// What PostgreSQL's hashtext() gives for these bytes.
uint32_t pg_hash_text(struct span text);

// The bucket of the rows whose columns equal the values; `kinds` has a letter for each. False: the database
// would turn a value into another type first, so nothing can be said.
bool pg_bucket_of(const char *kinds, const struct value *values, size_t count, uint32_t *ret_bucket);

#endif
