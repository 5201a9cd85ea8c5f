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

// What else goes on in the transaction of each file that is applied, behind its SQL. An error takes the file
// back, and is migrate's.
struct migrate_after {
    enum err_code (*run)(void *ctx, struct store_conn *conn, bool is_last, struct err *err); // `is_last` file
    void *ctx;                                                                               // handed to it
};

// Applies those of `files`, which are in order, that the store does not have yet, each in a transaction of
// its own: one that fails leaves nothing of itself, and those before it stay. On a STORE_WRITE connection
// with no transaction open. `after` may be NULL.
//
// ERR_CONFIG, before anything is applied: a file that has changed since it was applied (as a checksum of its
// bytes tells), one that was applied and is not among `files`, a new one before an applied one. ERR_CONFIG
// and the errors of store_exec, with line and column in the file: a file that fails. Each text names the
// file.
MUST_CHECK enum err_code migrate(struct store_conn *conn, const struct migration_file *files, size_t count,
    const struct migrate_after *after, struct err *err);

// Compares them alone: what was applied, and what is to be applied yet. The table of records has to be there.
// ERR_CONFIG as above, before anything is applied. On any connection.
MUST_CHECK enum err_code migrations_fit(struct store_conn *conn, const struct migration_file *files,
    size_t count, size_t *ret_applied, size_t *ret_pending, struct err *err);

// Whether a record, as it stands in reckoner_migrations, is one of the files, unchanged. ERR_CONFIG as above.
MUST_CHECK enum err_code migration_fits(const struct migration_file *files, size_t count, struct span name,
    struct span checksum, struct span applied_at, struct err *err);

#endif
