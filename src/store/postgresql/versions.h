// SPDX-License-Identifier: Apache-2.0
// The versions of the app's tables in the database: vectors, of which state a read is, and what is known.
#ifndef RECKONER_STORE_POSTGRESQL_VERSIONS_H
#define RECKONER_STORE_POSTGRESQL_VERSIONS_H

#include <libpq-fe.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"
#include "store/versions.h"

struct pg_store;

// What a view is, as text: another one whenever the view is made anew. Of v, its row in pg_class.
#define PG_VIEW_SHAPE                                                                                        \
    "pg_catalog.concat_ws('.', v.oid, v.xmin, (SELECT pg_catalog.string_agg(r.xmin::pg_catalog.text, '.')"   \
    " FROM pg_catalog.pg_rewrite r WHERE r.ev_class = v.oid))"

// A view's name, as versions_of has it: behind this byte its shape, a blank, and its name. What has been
// found out about a view holds for this shape alone; so another one is another name.
#define PG_VIEW_MARK '\1'

// What stands for all views of the app together: another number once one of them is made anew. NULL without
// memory. versions_schema tells its number: tables have their own shapes in their versions, and are named by
// the statements and views that read them.
const struct version *pg_views(struct pg_store *store);
uint64_t pg_versions_schema(const struct store_stmt *stmt);

// Appends the question for all that is known now, and notes in the store's versions what its answer says.
void pg_append_state(const struct pg_store *store, struct buf *sql);
void pg_take_state(struct pg_store *store, const PGresult *state);

MUST_CHECK enum err_code pg_versions_read(struct store_conn *base, struct buf *vector, struct err *err);
MUST_CHECK enum err_code pg_begin_at(struct store_conn *base, struct span vector, struct err *err);

MUST_CHECK enum err_code pg_begin_seen(struct store_conn *base, struct err *err);
uint64_t pg_version_seen(struct store_conn *base, const struct version *version);

#endif
