// SPDX-License-Identifier: Apache-2.0
// What SQL may not do, by its origin; and whether it writes.
#ifndef RECKONER_STORE_POSTGRESQL_PERMIT_H
#define RECKONER_STORE_POSTGRESQL_PERMIT_H

#include "base/err.h"
#include "base/span.h"

// Whose SQL it is.
enum pg_origin {
    PG_ORIGIN_ENDPOINT,  // of an endpoint
    PG_ORIGIN_MIGRATION, // of a migration
};

// Refuses what would break a transaction, a session or the schema: ERR_CONFIG with the place in `sql`, of
// which `statement` is a part.
MUST_CHECK enum err_code pg_permit_check(
    enum pg_origin origin, struct span sql, struct span statement, struct err *err);

// Whether the statement changes something, as far as its words tell.
bool pg_writes(struct span statement);

#endif
