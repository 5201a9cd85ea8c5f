// SPDX-License-Identifier: Apache-2.0
// What SQL may not do, by whose it is.
#ifndef RECKONER_STORE_SQLITE_RULE_H
#define RECKONER_STORE_SQLITE_RULE_H

#include "base/attr.h"
#include "base/span.h"

struct sqlite_conn;

enum sqlite_rule {
    RULE_INTERNAL,  // of the driver itself: nothing is refused
    RULE_STATEMENT, // of an endpoint
    RULE_SCRIPT,    // of a migration
};

// Makes the connection refuse by conn->rule; once, as it expires all prepared statements.
void sqlite_rule_install(struct sqlite_conn *conn);

// Refuses what the authorizer is not asked about. `first` is the statement's first word.
MUST_CHECK bool sqlite_rule_allows(struct sqlite_conn *conn, enum sqlite_rule rule, struct span first);

#endif
