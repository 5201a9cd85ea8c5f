// SPDX-License-Identifier: Apache-2.0
// An archive brought back as an app's schema: for the driver's table (backup.h).
#ifndef RECKONER_STORE_POSTGRESQL_RESTORE_H
#define RECKONER_STORE_POSTGRESQL_RESTORE_H

#include "store/backup_check.h"
#include "store/backup_target.h"
#include "store/driver.h"

MUST_CHECK enum err_code pg_restore(const struct store_driver *driver, const struct backup_target *to,
    const char *path, struct backup_check *check, struct err *err);

#endif
