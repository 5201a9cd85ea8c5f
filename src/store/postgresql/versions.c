// SPDX-License-Identifier: Apache-2.0
// What is read from the table reckoner_versions (tracking.c), on the connection's thread.
//
// A vector is the contents of the table as a JSON array. A transaction that has to see a vector begins with a
// query that fails where a stripe has fewer commits than in the vector, or is missing. That is exact on a
// standby, too: the commits of a stripe come in one order everywhere. A vector with a table whose writes are
// not counted is never seen, nor is one of a server that has been promoted and has not noted that yet.
//
// A transaction that is asked for what it has seen begins with a query for the stripes of each table, as a
// number. Both queries are in the snapshot of all that follows in the transaction, so what they have found
// stays true there.
//
// What DDL changes is not part of that query but of the watch's question (pg_append_state): it is asked about
// less often and costs more. There a table has a *shape*: what its rows in the catalogs and those of its
// partitions, columns and triggers are, with the transactions that wrote them, which are never the same
// again. A read takes the shape from the last answer before it began; where the table still has it when a
// kept answer is used, it has had it all along.
//
// A read on a standby is told in the versions of its primary, as the stripes and the history are copied to
// it. Shapes are not asked there: it sees those of a round when, before its snapshot was taken, it had come
// as far in the log as the primary was when the newest shape was found. How far it has come each noted
// transaction asks for the next one.
#include "store/postgresql/versions.h"

#include <stdlib.h>

#include "store/postgresql/conn.h"
#include "store/postgresql/known.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/prepared.h"
#include "store/postgresql/queue.h"
#include "store/postgresql/stmt.h"
#include "store/postgresql/store.h"
#include "store/postgresql/tx.h"
#include "store/version_slots.h"
#include "text/sql_quote.h"

// --- vectors

// What stands for "cannot be seen" has a row that no table has.
static const char vector_sql[] =
    "SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(name, stripe, version)), '[]') FROM ("
    " SELECT table_name, stripe, version FROM reckoner_versions"
    " UNION ALL SELECT c.relname, -1, 0 FROM pg_catalog.pg_subscription_rel s"
    " JOIN pg_catalog.pg_class c ON c.oid = s.srrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = pg_catalog.current_schema()"
    " UNION ALL SELECT '', -2, 0 WHERE NOT EXISTS (SELECT FROM reckoner_versions"
    " WHERE table_name = '' AND stripe = -1 AND ((-1 - version) & 4294967295) = ('x' || pg_catalog.left("
    "pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8))::bit(32)::bigint)"
    ") AS vector (name, stripe, version)";

// Fails with 22012 (division by zero), so that the server does not run what follows in the pipeline.
static const char check_sql[] =
    "SELECT 1 / (NOT EXISTS (SELECT FROM (SELECT item ->> 0, (item ->> 1)::integer, (item ->> 2)::bigint"
    " FROM pg_catalog.json_array_elements($1) AS item) AS vector (name, stripe, version)"
    " LEFT JOIN reckoner_versions AS v ON v.table_name = vector.name AND v.stripe = vector.stripe"
    " WHERE (CASE WHEN vector.stripe >= 0 THEN v.version >= vector.version"
    " ELSE vector.name = '' AND v.version = vector.version END) IS NOT TRUE))::integer";

enum err_code pg_versions_read(struct store_conn *base, struct buf *vector, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    PGresult *result = NULL;
    enum err_code code = pg_begin(base, err); // for the sake of a pooler: it keeps to one server meanwhile
    if (code != ERR_NONE)
        return code;
    pg_tx_sent(conn);
    pg_last(base);
    code = pg_queue_own(
        conn, &conn->vector, vector_sql, NULL, (struct pg_item){.kind = PG_COMMAND, .keep = &result}, err);
    if (code == ERR_NONE)
        code = pg_drain_rows(conn, &result, err);
    if (code == ERR_NONE && buf_append_str(vector, PQgetvalue(result, 0, 0)) != ERR_NONE)
        code = err_no_memory(err);
    if (code != ERR_NONE)
        conn->vector.session = 0;
    PQclear(result);
    pg_rollback(base);
    return code;
}

// --- of which state a read is

static const char seen_sql[] =
    "SELECT table_name, " PG_VERSION_ROWS " FROM reckoner_versions GROUP BY table_name";

// On a standby also how far it has come, under a name that no table has.
static const char seen_there_sql[] =
    "SELECT table_name, " PG_VERSION_ROWS " FROM reckoner_versions GROUP BY table_name UNION ALL"
    " SELECT E'\\x02', pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_replay_lsn(), '0/0')::bigint";

void pg_follow(struct store *replica, struct store *primary)
{
    pg_store(replica)->followed = pg_store(primary);
}

// How far the standby had come at the last transaction that was noted, and so before the next one begins; 0:
// not known. Behind a pooler it may have been another standby.
static uint64_t replayed_lsn(const struct pg_conn *conn)
{
    bool is_of_session = conn->seen_session == conn->session && !conn->is_pooled;
    if (!is_of_session || PQresultStatus(conn->seen) != PGRES_TUPLES_OK)
        return 0;
    int row = pg_find_row(conn->seen, "\x02");
    return row >= 0 ? pg_number_at(conn->seen, row, 1) : 0;
}

// The round of the versions whose shapes the transaction that begins now will see; 0: none is known.
static uint64_t round_to_see(const struct pg_conn *conn)
{
    struct pg_store *followed = conn->store->followed;
    uint64_t round = version_slots_round(&followed->versions);
    if (followed == conn->store)
        return round;
    uint64_t shape_lsn = atomic_load_explicit(&followed->shape_lsn, memory_order_relaxed);
    return replayed_lsn(conn) >= shape_lsn ? round : 0;
}

// Before anything of the transaction is sent, which has a snapshot from then on.
static void expect_seen(struct pg_conn *conn)
{
    conn->seen_round = round_to_see(conn);
    conn->seen_session = conn->session;
    PQclear(conn->seen);
    conn->seen = NULL;
}

static enum err_code ask_seen(struct pg_conn *conn, struct err *err)
{
    const char *sql = conn->store->followed == conn->store ? seen_sql : seen_there_sql;
    struct pg_item item = {.kind = PG_COMMAND, .keep = &conn->seen};
    pg_tx_sent(conn);
    return pg_queue_own(conn, &conn->look, sql, NULL, item, err);
}

enum err_code pg_begin_seen(struct store_conn *base, struct err *err)
{
    return pg_begin_at(base, (struct span){0}, true, err);
}

// --- transactions that see something

enum err_code pg_begin_at(struct store_conn *base, struct span vector, bool is_noted, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    enum err_code code = pg_begin(base, err);
    if (code != ERR_NONE)
        return code;
    if (is_noted)
        expect_seen(conn);
    if (vector.len > 0) {
        pg_tx_sent(conn);
        code = pg_queue_own(conn, &conn->check, check_sql, &vector, (struct pg_item){.kind = PG_CHECK}, err);
    }
    // Has the server send the answer now, before it runs the statements that follow. pgbouncer is told to
    // flush by a sync alone.
    if (code == ERR_NONE && vector.len > 0 && !conn->is_pooled && PQsendFlushRequest(conn->link) == 0)
        code = err_no_memory(err);
    if (code == ERR_NONE && is_noted)
        code = ask_seen(conn, err);
    if (code != ERR_NONE)
        pg_rollback(base);
    return code;
}

// The name that a view or table has in the database.
static const char *table_name(const char *name)
{
    const char *end = name[0] == PG_VIEW_MARK ? strchr(name, ' ') : NULL;
    return end != NULL ? end + 1 : name;
}

uint64_t pg_version_seen(struct store_conn *base, const struct version *version)
{
    struct pg_conn *conn = pg_conn(base);
    const char *name = version_slots_name(version);
    if (name == NULL || PQresultStatus(conn->seen) != PGRES_TUPLES_OK)
        return 0;
    int row = pg_find_row(conn->seen, table_name(name)), history = pg_find_row(conn->seen, "");
    if (row < 0 || history < 0)
        return 0;
    return version_slots_seen(&conn->store->followed->versions, version, pg_number_at(conn->seen, row, 1),
        pg_number_at(conn->seen, history, 1), conn->seen_round);
}

// --- all that is known

static const char views_name[] = {PG_VIEW_MARK, '\0'}; // of all views together

const struct version *pg_views(struct pg_store *store)
{
    return version_slots_find(&store->versions, views_name);
}

uint64_t pg_versions_schema(const struct store_stmt *stmt)
{
    const struct version *views = ((const struct pg_stmt *)stmt)->conn->store->followed->views;
    return views != NULL ? version_now(views) : 0;
}
