// SPDX-License-Identifier: Apache-2.0
// What SQL may not do, by its origin.
#ifndef RECKONER_STORE_SQLITE_PERMIT_H
#define RECKONER_STORE_SQLITE_PERMIT_H

#include "base/attr.h"
#include "base/span.h"

struct sqlite_conn;

enum sqlite_origin {
    ORIGIN_DRIVER,    // of the driver itself: nothing is refused
    ORIGIN_ENDPOINT,  // of an endpoint
    ORIGIN_MIGRATION, // of a migration
};

// Makes the connection refuse by conn->origin. SQLite compiles all prepared statements anew then.
void sqlite_permit_install(struct sqlite_conn *conn);

// Refuses what the authorizer is not asked about. `first` is the statement's first word.
MUST_CHECK bool sqlite_permits(struct sqlite_conn *conn, enum sqlite_origin origin, struct span first);

#endif
