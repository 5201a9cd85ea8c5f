// SPDX-License-Identifier: Apache-2.0
// What a row ran into when the database refused it, in words that are the same on every store and name
// nothing of the schema but constraints that the author has named. Any thread.
#ifndef RECKONER_STORE_VIOLATION_H
#define RECKONER_STORE_VIOLATION_H

#include "base/span.h"

enum violation_kind {
    VIOLATION_OTHER,     // a trigger's own words, say
    VIOLATION_KEY,       // a unique or primary key
    VIOLATION_TWICE,     // an upsert met one key twice in its own rows
    VIOLATION_NULL,      // a column that must not be null
    VIOLATION_CHECK,     // a CHECK
    VIOLATION_EXCLUSION, // an EXCLUDE, which a row and another one meet together
    VIOLATION_REFERENCE, // a foreign key
    VIOLATION_TYPE,      // a column that takes values of its type alone
};

struct violation {
    enum violation_kind kind;
    struct span columns; // their names, with ", " between them; empty: the database does not tell
    struct span values;  // of these columns, as texts with ", " between them; empty: likewise
};

// What happened, in words; NULL for VIOLATION_OTHER.
const char *violation_text(enum violation_kind kind);

#endif
