// SPDX-License-Identifier: Apache-2.0
// The thread that keeps up with a store.
#ifndef RECKONER_STORE_POSTGRESQL_WATCH_H
#define RECKONER_STORE_POSTGRESQL_WATCH_H

#include "base/err.h"
#include "store/store.h"

struct pg_watch;

MUST_CHECK enum err_code pg_watch(struct store *base, struct err *err);
const struct version *pg_version_of(struct store *base, const char *table);
MUST_CHECK enum err_code pg_is_there(struct store *base, struct err *err);

// Ends the thread and waits for that: for up to LIMIT_STORE_CONNECT_MS an address that does not answer. NULL
// is fine.
void pg_watch_end(struct pg_watch *watch);

#endif
