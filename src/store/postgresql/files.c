// SPDX-License-Identifier: Apache-2.0
// TRUNCATE, and an ALTER TABLE that writes a table anew, give the table another file, whose rows are younger
// than the snapshot of a read that has waited for their lock: it would see an empty table (PostgreSQL 13.6).
// So behind each run of a reader goes the question whether its tables still have the files that they had when
// the statement was prepared, which was before the snapshot. pg_relation_filenode() tells of now, whatever
// the snapshot, and the run's locks keep its answer true until the transaction ends. Where a file is another
// one, the statement is prepared anew, and knows it. A writer's statement takes its snapshot when it has its
// locks (READ COMMITTED), and needs no question.
//
// Partitions are part of no snapshot either: a run reads those that there are when it is planned. So with the
// files goes their number, which has to be the one of the preparation, too; versions.c tells what for.
// pg_partition_tree() tells of now. It takes a lock on each of them, also on those that the run has left out.
//
// Which tables a statement reads tells planning it, by the locks that it takes. The connection's thread.
#include "store/postgresql/files.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/known.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/prepared.h"
#include "store/postgresql/queue.h"
#include "store/postgresql/run.h"
#include "store/postgresql/state.h"
#include "store/postgresql/store.h"
#include "store/postgresql/tx.h"
#include "store/version_slots.h"

enum { PG_TABLES = 100 }; // tables and parts of tables that a run is asked for; one with more is not

// What is asked of the tables among what is locked, and of their parts: conditions for a torn run. The
// system's own tables have numbers below 16384. The numbers stand in the text, as arrays cost twice as much.
//
// With them come the partitioned tables of the app, by name: with the number of their parts, or 0 where only
// parts without parts are read by their own names; of a part that has parts and is read so, nothing is told.
// What the snapshot says of partitions may be older than the locks; so functions are asked, which tell of
// now. And the app's views, by the names that versions have of them.
static const char tables_sql[] =
    "WITH RECURSIVE locked (oid) AS MATERIALIZED ("
    "  SELECT relation FROM pg_catalog.pg_lock_status()"
    "  WHERE locktype = 'relation' AND pid = pg_catalog.pg_backend_pid()"
    "), family (oid) AS ("
    "  SELECT oid FROM locked"
    "  UNION SELECT i.inhrelid FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.oid"
    "), parted (oid, is_whole, has_leaves) AS ("
    "  SELECT r.root, bool_or(r.root = c.oid), bool_and(c.relkind = 'r')"
    "  FROM locked JOIN pg_catalog.pg_class c USING (oid)"
    "  CROSS JOIN LATERAL (SELECT pg_catalog.pg_partition_root(c.oid)::oid) AS r (root)"
    "  WHERE c.relkind IN ('r', 'p', 'f') AND r.root IS NOT NULL GROUP BY r.root"
    "), own (oid) AS (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = pg_catalog.current_schema())"
    " SELECT pg_catalog.format("
    "'pg_catalog.pg_relation_filenode(%s) IS DISTINCT FROM %s', c.oid, pg_catalog.pg_relation_filenode(c.oid)),"
    " NULL, NULL FROM family JOIN pg_catalog.pg_class c USING (oid)"
    " WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND c.oid >= 16384"
    " UNION ALL SELECT CASE WHEN p.is_whole THEN pg_catalog.format("
    "'(SELECT pg_catalog.count(*) FROM pg_catalog.pg_partition_tree(%s)) <> %s', p.oid, tree.count) END,"
    " c.relname::text, tree.count FROM parted p JOIN pg_catalog.pg_class c USING (oid)"
    " CROSS JOIN LATERAL (SELECT pg_catalog.count(*) FROM"
    " pg_catalog.pg_partition_tree(CASE WHEN p.is_whole THEN p.oid END)) AS tree (count)"
    " WHERE c.relnamespace = (SELECT oid FROM own) AND (p.is_whole OR p.has_leaves)"
    " UNION ALL SELECT NULL, E'\\x01' || " PG_VIEW_SHAPE " || ' ' || v.relname, NULL"
    " FROM locked JOIN pg_catalog.pg_class v USING (oid)"
    " WHERE v.relnamespace = (SELECT oid FROM own) AND v.relkind = 'v'";

// The columns of its answer.
enum {
    COLUMN_CONDITION, // null: there is nothing to ask for
    COLUMN_NAME,      // of a partitioned table or a view; null: of a file
    COLUMN_COUNT,     // of the parts of the partitioned table; null: of anything else
};

static enum err_code ask_for_tables(
    struct pg_conn *conn, const struct pg_prepared *prepared, PGresult **ret_tables, struct err *err)
{
    PGresult *plan = NULL;
    enum err_code code = pg_begin(&conn->base, err);
    if (code != ERR_NONE)
        return code;
    pg_tx_sent(conn);
    code = pg_prepared_explain(conn, prepared, NULL, &plan, err);
    if (code == ERR_NONE)
        code = pg_command_with(conn, tables_sql, 0, NULL, ret_tables, err);
    if (code == ERR_NONE)
        code = pg_drain_rows(conn, &plan, err);
    if (code == ERR_NONE)
        code = pg_drain_rows(conn, ret_tables, err); // which have come with it
    PQclear(plan);
    pg_rollback(&conn->base);
    return code;
}

// Whether there is room for the names that the answer may have.
static bool make_room(struct pg_prepared *prepared, const PGresult *tables)
{
    size_t count = (size_t)PQntuples(tables);
    prepared->parted = mem_zalloc(count, sizeof(*prepared->parted));
    prepared->views = mem_zalloc(count, sizeof(struct version *));
    return prepared->parted != NULL && prepared->views != NULL;
}

// False without memory.
static bool note_name(
    const struct pg_conn *conn, struct pg_prepared *prepared, const PGresult *tables, int row)
{
    const char *name = PQgetvalue(tables, row, COLUMN_NAME);
    if (PQgetisnull(tables, row, COLUMN_COUNT)) {
        prepared->views[prepared->view_count] = version_slots_find(&conn->store->followed->versions, name);
        return prepared->views[prepared->view_count++] != NULL;
    }
    struct pg_parted *parted = &prepared->parted[prepared->parted_count];
    *parted = (struct pg_parted){.name = mem_strdup(name), .count = pg_number_at(tables, row, COLUMN_COUNT)};
    if (parted->name == NULL)
        return false;
    prepared->parted_count++;
    return true;
}

static size_t count_files(const PGresult *tables)
{
    size_t count = 0;
    for (int row = 0; row < PQntuples(tables); row++)
        count += PQgetisnull(tables, row, COLUMN_NAME) ? 1 : 0;
    return count;
}

static enum err_code note_tables(
    const struct pg_conn *conn, struct pg_prepared *prepared, const PGresult *tables)
{
    const char *joint = "SELECT WHERE ";
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    bool asks_for_files = count_files(tables) <= PG_TABLES, has_all = make_room(prepared, tables);
    for (int row = 0; row < PQntuples(tables) && has_all; row++) {
        bool is_file = PQgetisnull(tables, row, COLUMN_NAME);
        has_all = is_file || note_name(conn, prepared, tables, row);
        if (PQgetisnull(tables, row, COLUMN_CONDITION) || (is_file && !asks_for_files))
            continue;
        buf_printf(&sql, "%s%s", joint, PQgetvalue(tables, row, COLUMN_CONDITION));
        joint = " OR ";
    }
    buf_append_byte(&sql, '\0');
    prepared->files_sql = has_all && sql.len > 1 ? mem_strdup(sql.data) : NULL;
    prepared->is_found =
        has_all && buf_status(&sql) == ERR_NONE && (sql.len == 1 || prepared->files_sql != NULL);
    return prepared->is_found ? ERR_NONE : ERR_NO_MEMORY;
}

enum err_code pg_files_find(struct pg_conn *conn, struct pg_prepared *prepared, struct err *err)
{
    PGresult *tables = NULL;
    struct err failure = {0}; // such as a table that the role may not read: its runs tell
    enum err_code code = ask_for_tables(conn, prepared, &tables, &failure);
    if (code == ERR_NONE)
        code = note_tables(conn, prepared, tables);
    PQclear(tables);
    return code == ERR_NO_MEMORY ? err_no_memory(err) : ERR_NONE;
}

enum err_code pg_files_find_anew(struct pg_conn *conn, struct pg_prepared *prepared, struct err *err)
{
    for (size_t i = 0; i < prepared->view_count; i++) {
        if (version_now(prepared->views[i]) != 0)
            continue;
        pg_prepared_forget(conn, prepared);
        return pg_files_find(conn, prepared, err);
    }
    return ERR_NONE;
}

enum err_code pg_files_queue(
    struct pg_conn *conn, struct pg_prepared *prepared, struct pg_run *run, struct err *err)
{
    run->is_torn = false;
    prepared->seen_tx = conn->seen_tx;
    if (prepared->files_sql == NULL)
        return ERR_NONE;
    return pg_queue_once(conn, &prepared->files, prepared->files_sql, NULL,
        (struct pg_item){.kind = PG_FILES, .run = run}, err);
}

enum err_code pg_files_check(struct pg_conn *conn, const struct pg_run *run, struct err *err)
{
    enum err_code code = pg_drain_files(conn, run, err);
    if (code != ERR_NONE || !run->is_torn)
        return code;
    return err_set(err, ERR_STALE, "a table has changed under the statement: try again");
}
