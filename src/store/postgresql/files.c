// SPDX-License-Identifier: Apache-2.0
// TRUNCATE, and an ALTER TABLE that writes a table anew, give the table another file, whose rows are younger
// than the snapshot of a read that has waited for their lock: it would see an empty table (PostgreSQL 13.6).
// So behind each run of a reader goes the question whether its tables still have the files that they had when
// the statement was prepared, which was before the snapshot. pg_relation_filenode() tells of now, whatever
// the snapshot, and the run's locks keep its answer true until the transaction ends. Where a file is another
// one, the statement is prepared anew, and knows it. A writer's statement takes its snapshot when it has its
// locks (READ COMMITTED), and needs no question.
//
// Which tables a statement reads tells planning it, by the locks that it takes. The connection's thread.
#include "store/postgresql/files.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/prepared.h"
#include "store/postgresql/queue.h"
#include "store/postgresql/run.h"
#include "store/postgresql/tx.h"

enum { PG_TABLES = 100 }; // tables and parts of tables that a run is asked for; one with more is not

// The question for the files of the tables among what is locked, and of their parts; NULL: there are none.
// The system's own tables have numbers below 16384. The numbers stand in the text, as arrays cost twice as
// much.
static const char tables_sql[] =
    "WITH RECURSIVE family (oid) AS ("
    "  SELECT relation FROM pg_catalog.pg_lock_status()"
    "  WHERE locktype = 'relation' AND pid = pg_catalog.pg_backend_pid()"
    "  UNION SELECT i.inhrelid FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.oid"
    ") SELECT 'SELECT WHERE ' || pg_catalog.string_agg(pg_catalog.format("
    "'pg_catalog.pg_relation_filenode(%s) IS DISTINCT FROM %s', c.oid, pg_catalog.pg_relation_filenode(c.oid)),"
    " ' OR '), pg_catalog.count(*)"
    " FROM family JOIN pg_catalog.pg_class c USING (oid)"
    " WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND c.oid >= 16384";

static enum err_code ask_for_tables(
    struct pg_conn *conn, const struct pg_prepared *prepared, PGresult **ret_tables, struct err *err)
{
    PGresult *plan = NULL;
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, 2 * LIMIT_APP_FILE_BYTES);
    buf_printf(&sql, "EXPLAIN (COSTS OFF) %s", prepared->sql);
    buf_append_byte(&sql, '\0');
    if (buf_status(&sql) != ERR_NONE)
        return err_no_memory(err);
    enum err_code code = pg_begin(&conn->base, err);
    if (code != ERR_NONE)
        return code;
    pg_tx_sent(conn);
    code = pg_queued(conn,
        PQsendQueryParams(
            conn->link, sql.data, (int)prepared->param_count, prepared->param_types, NULL, NULL, NULL, 0),
        (struct pg_item){.kind = PG_COMMAND, .keep = &plan}, err);
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

enum err_code pg_files_find(struct pg_conn *conn, struct pg_prepared *prepared, struct err *err)
{
    PGresult *tables = NULL;
    struct err failure = {0}; // such as a table that the role may not read: its runs tell
    enum err_code code = ask_for_tables(conn, prepared, &tables, &failure);
    if (code == ERR_NONE && !PQgetisnull(tables, 0, 0) && atoi(PQgetvalue(tables, 0, 1)) <= PG_TABLES) {
        prepared->files_sql = mem_strdup(PQgetvalue(tables, 0, 0));
        code = prepared->files_sql != NULL ? ERR_NONE : ERR_NO_MEMORY;
    }
    PQclear(tables);
    return code == ERR_NO_MEMORY ? err_no_memory(err) : ERR_NONE;
}

enum err_code pg_files_queue(
    struct pg_conn *conn, struct pg_prepared *prepared, struct pg_run *run, struct err *err)
{
    run->is_torn = false;
    if (prepared->files_sql == NULL)
        return ERR_NONE;
    return pg_queue_own(conn, &prepared->files, prepared->files_sql, NULL,
        (struct pg_item){.kind = PG_FILES, .run = run}, err);
}

enum err_code pg_files_check(struct pg_conn *conn, const struct pg_run *run, struct err *err)
{
    enum err_code code = pg_drain_files(conn, run, err);
    if (code != ERR_NONE || !run->is_torn)
        return code;
    return err_set(err, ERR_STALE, "a table was written anew under the statement: try again");
}
