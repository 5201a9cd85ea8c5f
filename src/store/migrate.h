// SPDX-License-Identifier: Apache-2.0
// Migrations: the files of an app's schema/ folder, each applied once and for all. What was applied stands in
// the store itself, in the table reckoner_migrations (name, checksum, applied_at).
#ifndef RECKONER_STORE_MIGRATE_H
#define RECKONER_STORE_MIGRATE_H

#include <stddef.h>

#include "base/err.h"
#include "base/span.h"
#include "store/store.h"

struct migration_file {
    struct span name; // "001_tables": what it is known by; borrowed, like the rest
    const char *file; // path, for messages
    struct span sql;  // the whole file
};

// Applies those of `files`, which are in order, that the store does not have yet, each in a transaction of
// its own: one that fails leaves nothing of itself, and those before it stay. On a STORE_WRITE connection
// with no transaction open.
//
// ERR_CONFIG, before anything is applied: a file that has changed since it was applied (as a checksum of its
// bytes tells), one that was applied and is not among `files`, a new one before an applied one. ERR_CONFIG
// and the errors of store_exec, with line and column in the file: a file that fails. Each text names the
// file.
MUST_CHECK enum err_code migrate(
    struct store_conn *conn, const struct migration_file *files, size_t count, struct err *err);

#endif
