// SPDX-License-Identifier: Apache-2.0
// What a statement may read, and whether all of it has versions. The driver asks the server for the
// statement's plan, and then for the locks that the transaction holds: the parser takes a lock on each table
// and view that the text names, and on those that it finds behind views and inlined functions, also where the
// plan leaves them out. So this works on standbys, and for statements that write, for which a temporary view
// would not. The connection's thread; not for each request.
#include "store/postgresql/reads.h"

#include <assert.h>

#include "base/attr.h"
#include "base/limits.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/explain.h"
#include "store/postgresql/files.h"
#include "store/postgresql/known.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/prepared.h"
#include "store/postgresql/stmt.h"
#include "store/postgresql/store.h"
#include "store/postgresql/text_array.h"
#include "store/postgresql/tracking.h"
#include "store/postgresql/tx.h"
#include "store/postgresql/versions.h"

// Functions alone, as a table in it would be locked, too.
static const char locks_sql[] =
    "SELECT coalesce(pg_catalog.array_agg(DISTINCT relation), '{}') FROM pg_catalog.pg_lock_status()"
    " WHERE locktype = 'relation' AND pid = pg_catalog.pg_backend_pid()";

// $1: what is locked. $2: the words of the statement. $3: the app.
//
// With a table all those that it inherits from or that inherit from it, as each may hold rows of the other;
// so of a partition the table that it is a part of, and all its parts. Functions that are not PostgreSQL's
// own and not immutable are found as "name()", as the server does not tell what they read.
#define FOUND                                                                                                \
    "WITH RECURSIVE family (oid) AS ("                                                                       \
    "  SELECT oid FROM pg_catalog.pg_class WHERE oid = ANY ($1::oid[])"                                      \
    "  UNION SELECT CASE WHEN i.inhparent = f.oid THEN i.inhrelid ELSE i.inhparent END"                      \
    "  FROM family f JOIN pg_catalog.pg_inherits i ON f.oid IN (i.inhparent, i.inhrelid)"                    \
    "), found (schema, name, kind, is_part) AS ("                                                            \
    "  SELECT n.nspname, c.relname::text, c.relkind, c.relispartition"                                       \
    "  FROM family JOIN pg_catalog.pg_class c USING (oid)"                                                   \
    "  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"                                             \
    "  WHERE c.relkind IN ('r', 'p', 'f', 'm', 'S') AND c.relpersistence <> 't'"                             \
    "  UNION SELECT n.nspname, p.proname || '()', NULL, false"                                               \
    "  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"                   \
    "  WHERE p.provolatile <> 'i' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'reckoner')"     \
    "  AND (p.proname = ANY ($2::text[]) OR p.oid IN (SELECT d.refobjid FROM pg_catalog.pg_depend d"         \
    "  JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid"    \
    "  WHERE d.refclassid = 'pg_catalog.pg_proc'::regclass AND w.ev_class = ANY ($1::oid[])))"               \
    ") "

static const char names_sql[] = FOUND
    "SELECT name FROM ("
    "  SELECT DISTINCT CASE WHEN schema = $3 THEN name ELSE schema || '.' || name END AS name FROM found"
    "  WHERE NOT is_part AND NOT (schema = $3 AND name IN " PG_OWN_TABLES ")"
    ") AS names ORDER BY name COLLATE \"C\"";

// The same, and views, by what they are now: while the transaction has its locks no view is made anew.
static const char hung_on_sql[] =
    FOUND "SELECT CASE WHEN schema = $3 THEN name ELSE schema || '.' || name END FROM found"
          " WHERE NOT is_part AND NOT (schema = $3 AND name IN " PG_OWN_TABLES ")"
          " UNION SELECT CASE WHEN n.nspname = $3 THEN E'\\x01' || " PG_VIEW_SHAPE " || ' ' || v.relname"
          " ELSE n.nspname || '.' || v.relname END"
          " FROM pg_catalog.pg_class v JOIN pg_catalog.pg_namespace n ON n.oid = v.relnamespace"
          " WHERE v.oid = ANY ($1::oid[]) AND v.relkind = 'v' ORDER BY 1";

// Finds a relation or function that no version tells of. Rows of its name in reckoner_versions are not
// enough: they stay when its table is dropped, and a materialized view may have the name now. And a part of a
// table need not be a table of the app. One of the stripe -1 says that its writes are not counted.
static const char uncovered_sql[] = FOUND
    "SELECT 1 FROM found WHERE (schema = $3 AND kind IN ('r', 'p') AND (is_part OR"
    " (SELECT min(v.stripe) FROM reckoner_versions v WHERE v.table_name = found.name) >= 0)) IS NOT TRUE LIMIT 1";

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

enum err_code pg_ask_about_relations(struct pg_stmt *stmt,
    enum err_code (*ask)(void *ctx, struct pg_conn *conn, const char *relations, struct err *err), void *ctx,
    struct err *err)
{
    PGresult *locks = NULL;
    assert(stmt->conn->tx == PG_TX_NONE && stmt->run.state == PG_RUN_IDLE);
    enum err_code code = pg_begin(&stmt->conn->base, err); // in which nothing else is locked
    if (code == ERR_NONE)
        code = ask_for_locks(stmt, &locks, err);
    if (code == ERR_NONE)
        code = ask(ctx, stmt->conn, PQgetvalue(locks, 0, 0), err);
    pg_rollback(&stmt->conn->base);
    PQclear(locks);
    return code;
}

struct found {
    const struct pg_stmt *stmt; // borrowed
    const char *sql;            // static; the question about FOUND
    PGresult *rows;             // owned; its answer
};

static enum err_code ask_about_found(void *ctx, struct pg_conn *conn, const char *relations, struct err *err)
{
    struct found *found = ctx;
    AUTO(buf_fini) struct buf words;
    buf_init(&words, 4 * LIMIT_APP_FILE_BYTES);
    pg_append_words(found->stmt->prepared->sql, &words);
    if (buf_status(&words) != ERR_NONE)
        return err_no_memory(err);
    const char *const params[] = {relations, words.data, conn->store->name};
    return pg_query(conn, found->sql, ARRAY_LEN(params), params, &found->rows, err);
}

static enum err_code tell_names(struct pg_stmt *stmt, const char *sql,
    void (*on_name)(void *ctx, const char *name), void *ctx, struct err *err)
{
    struct found found = {.stmt = stmt, .sql = sql};
    enum err_code code = pg_ask_about_relations(stmt, ask_about_found, &found, err);
    for (int i = 0; code == ERR_NONE && i < PQntuples(found.rows); i++)
        on_name(ctx, PQgetvalue(found.rows, i, 0));
    PQclear(found.rows);
    return code;
}

enum err_code pg_reads(
    struct store_stmt *base, void (*on_table)(void *ctx, const char *table), void *ctx, struct err *err)
{
    return tell_names(pg_stmt(base), names_sql, on_table, ctx, err);
}

enum err_code pg_versions_under(
    struct store_stmt *base, void (*on_name)(void *ctx, const char *name), void *ctx, struct err *err)
{
    return tell_names(pg_stmt(base), hung_on_sql, on_name, ctx, err);
}

enum err_code pg_versions_cover(struct store_stmt *base, bool *ret_is_covered, struct err *err)
{
    struct pg_stmt *stmt = pg_stmt(base);
    struct found found = {.stmt = stmt, .sql = uncovered_sql};
    enum err_code code = pg_ask_about_relations(stmt, ask_about_found, &found, err);
    if (code == ERR_NONE && stmt->conn->mode == STORE_READ) // whose answers are kept, or come from a standby
        code = pg_files_find_anew(stmt->conn, stmt->prepared, err);
    if (code == ERR_NONE)
        *ret_is_covered = PQntuples(found.rows) == 0;
    PQclear(found.rows);
    return code;
}
