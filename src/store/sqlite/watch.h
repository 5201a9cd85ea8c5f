// SPDX-License-Identifier: Apache-2.0
// Keeps up with a store in a file.
#ifndef RECKONER_STORE_SQLITE_WATCH_H
#define RECKONER_STORE_SQLITE_WATCH_H

#include "store/driver.h"

struct sqlite_store;

MUST_CHECK enum err_code sqlite_watch(struct store *base, struct err *err);
bool sqlite_version(struct store *base, const char *table, uint64_t *ret_version);

// Before the last connection is closed.
void sqlite_watch_end(struct sqlite_store *store);

#endif
