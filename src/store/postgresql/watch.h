// SPDX-License-Identifier: Apache-2.0
// The thread that keeps up with a store.
#ifndef RECKONER_STORE_POSTGRESQL_WATCH_H
#define RECKONER_STORE_POSTGRESQL_WATCH_H

#include "base/err.h"
#include "store/store.h"
#include "store/versions.h"

struct pg_watch;

MUST_CHECK enum err_code pg_watch(struct store *base, struct err *err);
void pg_versions_ask(struct store *base, struct versions_question *question);
uint64_t pg_versions_asked_ns(const struct store *base);
const struct version *pg_version_of(struct store *base, const char *table);
MUST_CHECK enum err_code pg_is_there(struct store *base, struct err *err);

// Has the thread ask soon, as this process has committed something; it does not wait. NULL is fine.
void pg_watch_look(struct pg_watch *watch);

// Ends the thread and waits for that: for up to LIMIT_STORE_CONNECT_MS an address that does not answer. NULL
// is fine.
void pg_watch_end(struct pg_watch *watch);

#endif
