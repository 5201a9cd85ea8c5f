// SPDX-License-Identifier: Apache-2.0
// What to do about the errors in SQL that authors meet most, where SQLite's text does not say it.
#ifndef RECKONER_STORE_SQLITE_SQL_HINT_H
#define RECKONER_STORE_SQLITE_SQL_HINT_H

#include <stddef.h>

#include "base/span.h"

// The cure of the error that SQLite tells in `text`, or NULL. It has met it at `offset` of `sql`, in the
// statement that begins at `start`. Pure; any thread.
const char *sql_hint(const char *text, struct span sql, size_t start, size_t offset);

#endif
