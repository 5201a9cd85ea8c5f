// SPDX-License-Identifier: Apache-2.0
// All that is known of versions at one moment, as one question to the database and what its answer says.
#ifndef RECKONER_STORE_POSTGRESQL_KNOWN_H
#define RECKONER_STORE_POSTGRESQL_KNOWN_H

#include <libpq-fe.h>
#include <stdint.h>

#include "base/buf.h"

struct pg_store;

// The rows of a table's stripes in reckoner_versions as one number, in a query that groups by the table.
#define PG_VERSION_ROWS "pg_catalog.bit_xor(pg_catalog.hashint8extended(version, stripe))"

// When the server was started, as a number: which of several it is, and which of its lives.
#define PG_SERVER_START "(1000000 * EXTRACT(epoch FROM pg_catalog.pg_postmaster_start_time()))::bigint"

// What a view is, as text: another one whenever the view is made anew. Of v, its row in pg_class.
#define PG_VIEW_SHAPE                                                                                        \
    "pg_catalog.concat_ws('.', v.oid, v.xmin, (SELECT pg_catalog.string_agg(r.xmin::pg_catalog.text, '.')"   \
    " FROM pg_catalog.pg_rewrite r WHERE r.ev_class = v.oid))"

// A view's name, as versions_of has it: behind this byte its shape, a blank, and its name. What has been
// found out about a view holds for this shape alone; so another one is another name.
#define PG_VIEW_MARK '\1'

// What one question leaves for the next one on the same link. The watch's thread.
struct pg_known {
    char *snapshot;   // owned; of the last answer; NULL: there was none on this link
    uint64_t history; // that it told
};

// Appends the question for all that is known now; it has one parameter, the snapshot.
void pg_append_state(const struct pg_store *store, struct buf *sql);

// Notes in the store's versions what the answer says.
void pg_take_state(struct pg_store *store, struct pg_known *known, const PGresult *state);

// Nothing is known any more.
void pg_forget_state(struct pg_store *store, struct pg_known *known);

#endif
