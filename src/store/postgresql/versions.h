// SPDX-License-Identifier: Apache-2.0
// The versions of the app's tables in the database: vectors, of which state a read is, and what is known.
#ifndef RECKONER_STORE_POSTGRESQL_VERSIONS_H
#define RECKONER_STORE_POSTGRESQL_VERSIONS_H

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"
#include "store/versions.h"

struct pg_store;

// What stands for all views of the app together: another number once one of them is made anew. NULL without
// memory. versions_schema tells its number: tables have their own shapes in their versions, and are named by
// the statements and views that read them.
const struct version *pg_views(struct pg_store *store);
uint64_t pg_versions_schema(const struct store_stmt *stmt);

MUST_CHECK enum err_code pg_versions_read(struct store_conn *base, struct buf *vector, struct err *err);
MUST_CHECK enum err_code pg_begin_at(
    struct store_conn *base, struct span vector, bool is_noted, struct err *err);
void pg_follow(struct store *replica, struct store *primary);

MUST_CHECK enum err_code pg_begin_seen(struct store_conn *base, struct err *err);
uint64_t pg_version_seen(struct store_conn *base, const struct version *version);

#endif
