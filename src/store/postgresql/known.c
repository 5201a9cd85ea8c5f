// SPDX-License-Identifier: Apache-2.0
// The question that the watch asks (watch.c): of each table how often its stripes have counted, and its
// shape, which versions.c tells of. Any thread.
#include "store/postgresql/known.h"

#include <stdlib.h>
#include <string.h>

#include "store/postgresql/store.h"
#include "store/version_slots.h"
#include "text/sql_quote.h"

uint64_t pg_number_at(const PGresult *rows, int row, int column)
{
    return (uint64_t)strtoll(PQgetvalue(rows, row, column), NULL, 10);
}

int pg_find_row(const PGresult *rows, const char *table)
{
    for (int row = 0; row < PQntuples(rows); row++) {
        if (strcmp(PQgetvalue(rows, row, 0), table) == 0)
            return row;
    }
    return -1;
}

// A table's version is not known where rows come or go that no trigger of ours counts: in a part that is
// another app's, or foreign, or has no trigger; in tables that inherit, where an UPDATE of one writes to
// others; by a subscription. Nor with policies of rows, which are no part of the shape.
//
// The row without a name has the history, and how far the log went when this was asked.
//
// '@' stands for the schema, '%' for its name as a text.
static const char state_sql[] =
    "WITH RECURSIVE counted AS ("
    " SELECT table_name, " PG_VERSION_ROWS " AS rows FROM @.reckoner_versions GROUP BY table_name"
    "), named AS ("
    " SELECT v.oid, v.xmin, v.relname, v.relkind, v.relnamespace, counted.rows FROM counted"
    " JOIN pg_catalog.pg_class v ON v.relname = counted.table_name"
    " AND v.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = %)"
    " WHERE v.relkind IN ('r', 'p', 'v')"
    "), family (root, schema, oid) AS ("
    " SELECT oid, relnamespace, oid FROM named WHERE relkind <> 'v'"
    " UNION ALL SELECT f.root, f.schema, i.inhrelid FROM family f"
    " JOIN pg_catalog.pg_inherits i ON i.inhparent = f.oid"
    "), parts AS ("
    " SELECT f.root, pg_catalog.bit_xor(pg_catalog.hashtextextended("
    "pg_catalog.concat_ws('.', c.xmin, t.xmin), c.oid::bigint)) AS shape,"
    " bool_and(c.relkind IN ('r', 'p') AND c.relnamespace = f.schema AND NOT c.relrowsecurity"
    " AND (c.oid = f.root OR c.relispartition) AND coalesce(t.tgenabled, 'D') IN ('O', 'A')"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_subscription_rel s WHERE s.srrelid = c.oid)) AS is_known"
    " FROM family f JOIN pg_catalog.pg_class c ON c.oid = f.oid"
    " LEFT JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'reckoner_raise'"
    " GROUP BY f.root"
    "), columns AS ("
    " SELECT v.oid, pg_catalog.bit_xor(pg_catalog.hashtextextended(a.xmin::pg_catalog.text, a.attnum)) AS shape"
    " FROM named v JOIN pg_catalog.pg_attribute a ON a.attrelid = v.oid WHERE a.attnum > 0 GROUP BY v.oid"
    ")"
    " SELECT CASE v.relkind WHEN 'v' THEN E'\\x01' || " PG_VIEW_SHAPE
    " || ' ' || v.relname ELSE v.relname END,"
    " v.rows, coalesce(p.shape, 0) # coalesce(k.shape, 0) FROM named v"
    " LEFT JOIN parts p ON p.root = v.oid LEFT JOIN columns k ON k.oid = v.oid"
    " WHERE v.relkind = 'v' OR p.is_known"
    " UNION ALL SELECT E'\\x01', 0, coalesce(pg_catalog.bit_xor(pg_catalog.hashtextextended(" PG_VIEW_SHAPE
    ", 0)), 0) FROM named v WHERE v.relkind = 'v'"
    " UNION ALL SELECT table_name, rows, CASE WHEN pg_catalog.pg_is_in_recovery() THEN -1"
    " ELSE pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0') END::bigint"
    " FROM counted WHERE table_name = ''";

void pg_append_state(const struct pg_store *store, struct buf *sql)
{
    for (const char *at = state_sql; *at != '\0'; at++) {
        if (*at == '@')
            sql_append_name(sql, span_of(store->name));
        else if (*at == '%')
            sql_append_literal(sql, span_of(store->name));
        else
            buf_append_byte(sql, *at);
    }
}

void pg_take_state(struct pg_store *store, const PGresult *state)
{
    int history = pg_find_row(state, "");
    struct version_slots *slots = &store->versions;
    bool is_reshaped = false;
    version_slots_begin(slots);
    for (int row = 0; history >= 0 && row < PQntuples(state); row++) {
        struct version_stamp stamp = {.rows = pg_number_at(state, row, 1),
            .history = pg_number_at(state, history, 1),
            .shape = pg_number_at(state, row, 2)};
        if (row != history && version_slots_set(slots, PQgetvalue(state, row, 0), &stamp))
            is_reshaped = true;
    }
    if (is_reshaped)
        atomic_store_explicit(&store->shape_lsn, pg_number_at(state, history, 2), memory_order_relaxed);
    version_slots_end(slots);
}
