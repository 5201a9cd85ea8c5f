// SPDX-License-Identifier: Apache-2.0
// The tables that a statement may read: the server is asked for its plan, and then for the locks that the
// transaction holds. For it takes one on each table and view that the text names, and on what is behind views
// and functions that it has put in their place, when it parses, whatever the plan leaves out. So this works
// on standbys and for statements that write, which a temporary view does not. The connection's thread; not
// for requests.
#include <assert.h>

#include "store/postgresql.h"

// Functions alone, as a table in it would be locked, too.
static const char locks_sql[] =
    "SELECT coalesce(pg_catalog.array_agg(DISTINCT relation), '{}') FROM pg_catalog.pg_lock_status()"
    " WHERE locktype = 'relation' AND pid = pg_catalog.pg_backend_pid()";

// $1: what is locked. $2: the words of the statement. $3: the app.
//
// With a table all those that it inherits from or that inherit from it, as each may hold rows of the other;
// of partitions the table that they are parts of. Functions that somebody has made, and that are not the same
// at all times, are told as tables called "name()": nobody knows what they read.
static const char names_sql[] =
    "WITH RECURSIVE family (oid) AS ("
    "  SELECT oid FROM pg_catalog.pg_class WHERE oid = ANY ($1::oid[])"
    "  UNION SELECT CASE WHEN i.inhparent = f.oid THEN i.inhrelid ELSE i.inhparent END"
    "  FROM family f JOIN pg_catalog.pg_inherits i ON f.oid IN (i.inhparent, i.inhrelid)"
    "), found (oid, namespace, name) AS ("
    "  SELECT c.oid, c.relnamespace, c.relname::text"
    "  FROM family JOIN pg_catalog.pg_class c USING (oid)"
    "  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE c.relkind IN ('r', 'p', 'f', 'm', 'S') AND NOT c.relispartition AND c.relpersistence <> 't'"
    "  AND NOT (n.nspname = $3 AND c.relname IN " PG_OWN_TABLES ")"
    "  UNION SELECT p.oid, p.pronamespace, p.proname || '()' FROM pg_catalog.pg_proc p"
    "  WHERE p.provolatile <> 'i' AND p.pronamespace NOT IN"
    "  (SELECT oid FROM pg_catalog.pg_namespace"
    "  WHERE nspname IN ('pg_catalog', 'information_schema', 'reckoner'))"
    "  AND (p.proname = ANY ($2::text[]) OR p.oid IN (SELECT d.refobjid FROM pg_catalog.pg_depend d"
    "  JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid"
    "  WHERE d.refclassid = 'pg_catalog.pg_proc'::regclass AND w.ev_class = ANY ($1::oid[])))"
    ") SELECT name FROM ("
    "  SELECT DISTINCT CASE WHEN n.nspname = $3 THEN f.name ELSE n.nspname || '.' || f.name END AS name"
    "  FROM found f JOIN pg_catalog.pg_namespace n ON n.oid = f.namespace"
    ") AS names ORDER BY name COLLATE \"C\"";

static enum err_code ask_for_names(
    struct pg_stmt *stmt, const PGresult *locks, PGresult **ret_names, struct err *err)
{
    struct pg_conn *conn = stmt->conn;
    AUTO(buf_fini) struct buf words;
    buf_init(&words, 4 * LIMIT_APP_FILE_BYTES);
    pg_append_words(stmt->sql, &words);
    if (buf_status(&words) != ERR_NONE)
        return err_no_memory(err);
    const char *const params[] = {PQgetvalue(locks, 0, 0), words.data, conn->store->name};
    return pg_query(conn, names_sql, ARRAY_LEN(params), params, ret_names, err);
}

// In a transaction of its own, where nothing else is locked.
static enum err_code ask_for_locks(struct pg_stmt *stmt, PGresult **ret_locks, struct err *err)
{
    struct pg_conn *conn = stmt->conn;
    PGresult *plan = NULL;
    enum err_code code = pg_queue_plan(stmt, NULL, &plan, err);
    if (code == ERR_NONE)
        code = pg_command_with(conn, locks_sql, 0, NULL, ret_locks, err);
    if (code == ERR_NONE)
        code = pg_drain_rows(conn, &plan, err);
    if (code == ERR_NONE)
        code = pg_drain_rows(conn, ret_locks, err); // which have come with it
    PQclear(plan);
    return code;
}

enum err_code pg_reads(
    struct store_stmt *base, void (*on_table)(void *ctx, const char *table), void *ctx, struct err *err)
{
    struct pg_stmt *stmt = pg_stmt(base);
    PGresult *locks = NULL, *names = NULL;
    assert(stmt->conn->tx == PG_IDLE && !stmt->is_bound);
    enum err_code code = pg_begin(&stmt->conn->base, err);
    if (code == ERR_NONE)
        code = ask_for_locks(stmt, &locks, err);
    if (code == ERR_NONE)
        code = ask_for_names(stmt, locks, &names, err);
    pg_rollback(&stmt->conn->base);
    for (int i = 0; code == ERR_NONE && i < PQntuples(names); i++)
        on_table(ctx, PQgetvalue(names, i, 0));
    PQclear(locks);
    PQclear(names);
    return code;
}
