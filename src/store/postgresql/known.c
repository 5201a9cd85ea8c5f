// SPDX-License-Identifier: Apache-2.0
// The question that the watch asks (watch.c): of each table how often its stripes have counted, and its
// shape, which versions.c tells of; and of sets of buckets what was raised since the last question.
//
// Why no change of a bucket is missed: a transaction is told when it is not visible in the last answer's
// snapshot, which is the parameter, and is visible in this one's. So each is told once, and the first answer
// that sees its rows sees its row of reckoner_changes. What was removed from there (`pruned`) were rows of
// writers below a number; if all of those had ended in the last answer's snapshot, nothing that it did not
// see is gone. Else all is raised: in the place of their numbers there is an empty text then. That the
// triggers stood on all parts of the table meanwhile is seen by them and the table's shape, which are the
// same at both ends, and no row of theirs comes back. The snapshots have to be of one server: it tells when
// it was started. A part that came and went meanwhile is not seen by them, and reads count the parts
// (versions.c): nothing that has seen it is kept. The watch's thread.
#include "store/postgresql/known.h"

#include "base/mem.h"
#include "store/postgresql/state.h"
#include "store/postgresql/store.h"
#include "store/postgresql/tracking.h"
#include "store/version_slots.h"

// A table's version is not known where rows come or go that no trigger of ours counts: in a part that is
// another app's, or foreign, or has no trigger; in tables that inherit, where an UPDATE of one writes to
// others, now or once; by a subscription. Nor with policies of rows, which are no part of the shape. The row
// in pg_inherits is part of it: while a partition is being detached CONCURRENTLY, nothing else may tell that
// readers do not see it any more. So it is not counted among the parts either.
//
// The row without a name has the history, and how far the log went when this was asked.
//
// With marks of pg_expand. $1: the snapshot of the last answer, or null. Of
// each part of a table a set of buckets has three triggers.
static const char state_sql[] =
    "WITH RECURSIVE counted AS ("
    " SELECT table_name, " PG_VERSION_ROWS " AS rows FROM @.reckoner_versions GROUP BY table_name"
    "), named AS ("
    " SELECT v.oid, v.xmin, v.relname, v.relkind, v.relnamespace, counted.rows FROM counted"
    " JOIN pg_catalog.pg_class v ON v.relname = counted.table_name"
    " AND v.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = %)"
    " WHERE v.relkind IN ('r', 'p', 'v')"
    "), family (root, schema, oid, link, is_read) AS ("
    " SELECT oid, relnamespace, oid, xmin, true FROM named WHERE relkind <> 'v'"
    " UNION ALL SELECT f.root, f.schema, i.inhrelid, i.xmin, f.is_read AND NOT i.inhdetachpending FROM family f"
    " JOIN pg_catalog.pg_inherits i ON i.inhparent = f.oid"
    "), parts AS ("
    " SELECT f.root, pg_catalog.bit_xor(pg_catalog.hashtextextended("
    "pg_catalog.concat_ws('.', c.xmin, t.xmin, f.link), c.oid::bigint)) AS shape,"
    " count(*) FILTER (WHERE f.is_read) AS count,"
    " bool_and(c.relkind IN ('r', 'p') AND c.relnamespace = f.schema AND NOT c.relrowsecurity"
    " AND (c.relkind = 'p' OR NOT c.relhassubclass)"
    " AND (c.oid = f.root OR c.relispartition) AND coalesce(t.tgenabled, 'D') IN ('O', 'A')"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_subscription_rel s WHERE s.srrelid = c.oid)) AS is_known"
    " FROM family f JOIN pg_catalog.pg_class c ON c.oid = f.oid"
    " LEFT JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'reckoner_raise'"
    " GROUP BY f.root"
    "), sets AS ("
    " SELECT b.id, b.pruned, b.table_name || E'\\x1f' || pg_catalog.array_to_string(b.columns, E'\\x1f') AS name,"
    " pg_catalog.bit_xor(pg_catalog.hashtextextended(t.xmin::pg_catalog.text, t.oid::bigint)) AS triggers"
    " FROM @.reckoner_buckets b JOIN named v ON v.relname = b.table_name JOIN family f ON f.root = v.oid"
    " LEFT JOIN pg_catalog.pg_trigger t ON t.tgrelid = f.oid AND t.tgenabled IN ('O', 'A') AND t.tgname = ANY (ARRAY["
    "'reckoner_rows_' || b.id || '_insert', 'reckoner_rows_' || b.id || '_update',"
    " 'reckoner_rows_' || b.id || '_delete']::name[])"
    " GROUP BY b.id HAVING count(t.oid) = 3 * count(DISTINCT f.oid)"
    ")"
    " SELECT CASE v.relkind WHEN 'v' THEN E'\\x01' || " PG_VIEW_SHAPE
    " || ' ' || v.relname ELSE v.relname END,"
    " v.rows, coalesce(p.shape, 0) # coalesce((SELECT pg_catalog.bit_xor(pg_catalog.hashtextextended("
    "a.xmin::pg_catalog.text, a.attnum)) FROM pg_catalog.pg_attribute a WHERE a.attrelid = v.oid AND a.attnum > 0), 0),"
    " CASE v.relkind WHEN 'p' THEN p.count END::text FROM named v"
    " LEFT JOIN parts p ON p.root = v.oid"
    " WHERE v.relkind = 'v' OR p.is_known"
    " UNION ALL SELECT E'\\x01', 0, coalesce(pg_catalog.bit_xor(pg_catalog.hashtextextended(" PG_VIEW_SHAPE
    ", 0)), 0), NULL FROM named v WHERE v.relkind = 'v'"
    " UNION ALL SELECT table_name, rows, CASE WHEN pg_catalog.pg_is_in_recovery() THEN -1"
    " ELSE pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0') END::bigint, NULL"
    " FROM counted WHERE table_name = ''"
    " UNION ALL SELECT E'\\x03', " PG_SERVER_START ", 0, pg_catalog.pg_current_snapshot()::pg_catalog.text"
    " UNION ALL SELECT E'\\x02' || s.name, s.triggers, 0,"
    " CASE WHEN s.pruned > pg_catalog.pg_snapshot_xmin($1::pg_catalog.pg_snapshot) THEN '' ELSE changed.buckets END"
    " FROM sets s CROSS JOIN LATERAL ("
    "SELECT CASE WHEN pg_catalog.bool_or(c.buckets IS NULL) THEN ''"
    " ELSE pg_catalog.array_agg(DISTINCT number)::pg_catalog.text END FROM @.reckoner_changes c"
    " LEFT JOIN LATERAL pg_catalog.unnest(c.buckets) AS number ON true"
    " WHERE c.id = s.id AND c.writer >= pg_catalog.pg_snapshot_xmin($1)"
    " AND NOT pg_catalog.pg_visible_in_snapshot(c.writer, $1)) AS changed (buckets)";

void pg_append_state(const struct pg_store *store, struct buf *sql)
{
    pg_expand(store, state_sql, "@%", sql);
}

static const char server_name[] = {PG_STATE_SERVER, '\0'};

void pg_take_state(struct pg_store *store, struct pg_known *known, const PGresult *state)
{
    int history_row = pg_find_row(state, "");
    uint64_t history = history_row >= 0 ? pg_number_at(state, history_row, PG_STATE_ROWS) : 0;
    int server_row = pg_find_row(state, server_name);
    uint64_t server = server_row >= 0 ? pg_number_at(state, server_row, PG_STATE_ROWS) : 0;
    bool follows = history_row >= 0 && known->snapshot != NULL && history == known->history &&
                   server == atomic_load_explicit(&store->server, memory_order_relaxed);
    struct version_slots *slots = &store->versions;
    bool is_reshaped = false;
    version_slots_begin(slots);
    for (int row = 0; history_row >= 0 && row < PQntuples(state); row++) {
        const char *name = PQgetvalue(state, row, PG_STATE_NAME);
        struct version_stamp stamp = {.rows = pg_number_at(state, row, PG_STATE_ROWS),
            .history = history,
            .shape = pg_number_at(state, row, PG_STATE_SHAPE),
            .parts = pg_number_at(state, row, PG_STATE_TEXT)};
        bool is_of_slot = name[0] != '\0' && name[0] != PG_STATE_SET && name[0] != PG_STATE_SERVER;
        if (is_of_slot && version_slots_set(slots, name, &stamp))
            is_reshaped = true;
    }
    if (is_reshaped)
        atomic_store_explicit(
            &store->shape_lsn, pg_number_at(state, history_row, PG_STATE_SHAPE), memory_order_relaxed);
    atomic_store_explicit(&store->server, server, memory_order_release);
    if (history_row >= 0)
        pg_bucket_sets_take(&store->bucket_sets, slots, state, follows);
    else
        pg_bucket_sets_forget(&store->bucket_sets);
    version_slots_end(slots);
    known->history = history;
    mem_free(known->snapshot);
    known->snapshot = server_row >= 0 ? mem_strdup(PQgetvalue(state, server_row, PG_STATE_TEXT)) : NULL;
}

void pg_forget_state(struct pg_store *store, struct pg_known *known)
{
    version_slots_begin(&store->versions);
    pg_bucket_sets_forget(&store->bucket_sets);
    version_slots_end(&store->versions);
    mem_free(known->snapshot);
    known->snapshot = NULL;
}
