// SPDX-License-Identifier: Apache-2.0
// A column of a table, as far as rows go into buckets by it.
#ifndef RECKONER_STORE_SQLITE_TABLE_COLUMN_H
#define RECKONER_STORE_SQLITE_TABLE_COLUMN_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "store/sqlite/bucket_hash.h"

struct sqlite_table_column {
    int number;                   // from 0
    enum sqlite_bucket_kind kind; // of its affinity
    bool has_default;             // a row may lack the value, which then is the default one
};

// Looks a column up, in any case of letters. *ret_why is NULL, or says why rows cannot go by it (static
// words). An SQLite result code.
MUST_CHECK int sqlite_table_column_find(sqlite3 *db, struct span table, struct span name,
    struct sqlite_table_column *ret_column, const char **ret_why);

#endif
