// SPDX-License-Identifier: Apache-2.0
// Archives of pg_dump of an app's schema: for the driver's table (backup.h).
#ifndef RECKONER_STORE_POSTGRESQL_DUMP_H
#define RECKONER_STORE_POSTGRESQL_DUMP_H

#include "store/backup_check.h"
#include "store/driver.h"

MUST_CHECK enum err_code pg_dump_write(
    struct store *store, const char *path, const atomic_bool *stop, struct err *err);
MUST_CHECK enum err_code pg_dump_check(
    const struct store_driver *driver, const char *path, struct backup_check *check, struct err *err);
MUST_CHECK enum err_code pg_dump_check_store(
    struct store *store, struct backup_check *check, struct err *err);

// The names of the schemas that an archive has, each once with a line feed behind it.
MUST_CHECK enum err_code pg_dump_schemas(
    const char *path, const atomic_bool *stop, struct buf *names, struct err *err);

#endif
