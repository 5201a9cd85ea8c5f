// SPDX-License-Identifier: Apache-2.0
// A copy of a store's file, page by page, of one committed state, while others write.
#ifndef RECKONER_STORE_SQLITE_COPY_H
#define RECKONER_STORE_SQLITE_COPY_H

#include <stdatomic.h>

#include "store/store.h"

// For the driver's table: store_backup_driver.write.
MUST_CHECK enum err_code sqlite_copy(
    struct store *store, const char *path, const atomic_bool *stop, struct err *err);

#endif
