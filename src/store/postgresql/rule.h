// SPDX-License-Identifier: Apache-2.0
// What SQL may not do, and whether it writes.
#ifndef RECKONER_STORE_POSTGRESQL_RULE_H
#define RECKONER_STORE_POSTGRESQL_RULE_H

#include "base/err.h"
#include "base/span.h"

// Whose SQL it is.
enum pg_rule {
    PG_RULE_STATEMENT, // of an endpoint
    PG_RULE_SCRIPT,    // of a migration
};

// Refuses what would break a transaction, a session or the schema: ERR_CONFIG with the place in `sql`, of
// which `statement` is a part.
MUST_CHECK enum err_code pg_rule_check(
    enum pg_rule rule, struct span sql, struct span statement, struct err *err);

// Whether the statement changes something, as far as its words tell.
bool pg_rule_writes(struct span statement);

#endif
