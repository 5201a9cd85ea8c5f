// SPDX-License-Identifier: Apache-2.0
// Whether a database is whole, and a store of Reckoner's: for the driver's table (backup.h).
#ifndef RECKONER_STORE_SQLITE_CHECK_H
#define RECKONER_STORE_SQLITE_CHECK_H

#include "store/backup_check.h"
#include "store/driver.h"

MUST_CHECK enum err_code sqlite_check_store(struct store *store, struct backup_check *check, struct err *err);
MUST_CHECK enum err_code sqlite_check_file(
    const struct store_driver *driver, const char *path, struct backup_check *check, struct err *err);

#endif
