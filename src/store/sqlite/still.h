// SPDX-License-Identifier: Apache-2.0
// A file that nobody writes to, as a store that is read.
#ifndef RECKONER_STORE_SQLITE_STILL_H
#define RECKONER_STORE_SQLITE_STILL_H

#include "store/sqlite/store.h"

// ERR_CONFIG for a file that somebody may write to, or that is not whole by itself: a log with something in
// it lies beside it, or a process has it open.
MUST_CHECK enum err_code sqlite_still_check(const char *path, struct err *err);

// Makes `store` one of the file, for STORE_READ connections alone: nothing is made beside it, and no lock is
// taken. ERR_IO, ERR_NO_MEMORY.
MUST_CHECK enum err_code sqlite_still_init(
    struct sqlite_store *store, const struct store_driver *driver, const char *path, struct err *err);

// After its connections.
void sqlite_still_fini(struct sqlite_store *store);

#endif
