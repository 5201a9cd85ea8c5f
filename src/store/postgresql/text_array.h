// SPDX-License-Identifier: Apache-2.0
// Arrays of texts as PostgreSQL reads them: {"a","b"}.
#ifndef RECKONER_STORE_POSTGRESQL_TEXT_ARRAY_H
#define RECKONER_STORE_POSTGRESQL_TEXT_ARRAY_H

#include "base/buf.h"
#include "base/span.h"

// Appends an item to an array; then its end and a NUL.
void pg_append_item(struct buf *array, struct span item);
void pg_end_array(struct buf *array);

// Appends every word of the statement that may be a name, as an array of texts, and a NUL.
void pg_append_words(const char *sql, struct buf *array);

#endif
