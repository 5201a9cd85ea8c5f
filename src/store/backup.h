// SPDX-License-Identifier: Apache-2.0
// Backups: a whole store in one file, made while batches run, checked, and brought back. What such a file is,
// is its store's own affair: of SQLite a database, of PostgreSQL an archive of pg_dump. On one thread, which
// waits for the disk.
#ifndef RECKONER_STORE_BACKUP_H
#define RECKONER_STORE_BACKUP_H

#include <stdatomic.h>

#include "base/buf.h"
#include "store/backup_check.h"
#include "store/backup_target.h"
#include "store/migrate.h"
#include "store/store.h"

// Writes all that was committed when it began to a file at `path`, which is there whole or not at all, for
// its owner alone, and on disk when this returns; whoever writes to the store goes on. The copy is checked
// before it gets its name. `stop`, which may be NULL, is set by a signal: it ends soon then, and leaves
// nothing. ERR_CONFIG where `path` is taken and it does not replace, and for a store that is no store of
// Reckoner's; ERR_STORE: the store, and so the copy, is damaged; ERR_DISK_FULL, ERR_IO, ERR_TIMEOUT: it was
// stopped.
MUST_CHECK enum err_code backup_write(struct store *store, const char *path, bool replaces,
    const atomic_bool *stop, uint64_t *ret_bytes, struct err *err);

// Checks a backup, to which nothing is written. Faults are no error. ERR_CONFIG as above, ERR_IO;
// ERR_TIMEOUT: check->stop was set, and not all was looked at.
MUST_CHECK enum err_code backup_check_file(const char *path, struct backup_check *check, struct err *err);

// Checks a store as it is, while it may be served. ERR_TIMEOUT as above.
MUST_CHECK enum err_code backup_check_store(struct store *store, struct backup_check *check, struct err *err);

// Brings the backup at `path` back as the store of `to`, once it has passed `check`: the store is as it was,
// or all of the backup. A store that holds something is moved aside where `to` says so, which is told where
// to; nothing is ever taken away. ERR_CONFIG: the store is not empty, the backup is another kind's, or has
// faults (check->faults > 0). ERR_BUSY: somebody has the store open; err says who. Of a PostgreSQL store that
// is who calls its session as Reckoner does (application_name); a server whose url has another name for it is
// not found. ERR_TIMEOUT: check->stop was set; the store is as it was.
MUST_CHECK enum err_code backup_restore(
    const struct backup_target *to, const char *path, struct backup_check *check, struct err *err);

#endif
