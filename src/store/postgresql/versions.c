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
// Of buckets nothing is asked there, as there are too many. A bucket's number is taken if it was given before
// the read began. It then stands for a state that is not later than the read's, of the same server, as its
// start tells. On a standby it has to be given before the vector was read that the read sees, and the shapes
// have to be those of the last round. When a kept answer is used the number is still the same, in an answer
// to a question that was sent after the read (versions_lag); so nothing has changed in the bucket from the
// one to the other, and the read lies between them. A link that was lost meanwhile has given all of them
// other numbers.
//
// What DDL changes is not part of that query but of the watch's question (pg_append_state): it is asked about
// less often and costs more. There a table has a *shape*: what its rows in the catalogs and those of its
// partitions, columns and triggers are, with the transactions that wrote them. A row that is written anew or
// deleted never comes back as it was. A read takes the shape from the last answer before it began; where the
// table still has it when a kept answer is used, all rows of the shape were there all along.
//
// What is not told so is a row more: a partition that came and went between two answers, as neither writes to
// the row of the table. (A column or a trigger writes there; so does the first child of a table, and one that
// had children has no version.) So partitions are counted behind each run of a read, as they are at that
// moment (files.c). The run's locks keep each partition that it has seen until then, and those of the shape
// have been there all along: if the count is that of the shape, the run has seen them and no other. The
// count waits for the lock of a partition that is being attached, so a statement that was prepared with that
// count plans with it. Of a transaction all runs have to tell; what one was found to read holds while the
// views are the same. A partition without parts that is read by its own name needs no count.
//
// A read on a standby is told in the versions of its primary, as the stripes and the history are copied to
// it. Shapes are not asked there: it sees those of a round when, before its snapshot was taken, it had come
// as far in the log as the primary was when the newest shape was found. How far it has come each noted
// transaction asks for the next one.
#include "store/postgresql/versions.h"

#include <inttypes.h>
#include <stdlib.h>

#include "store/postgresql/bucket_sets.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/known.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/prepared.h"
#include "store/postgresql/queue.h"
#include "store/postgresql/state.h"
#include "store/postgresql/stmt.h"
#include "store/postgresql/store.h"
#include "store/postgresql/tx.h"
#include "store/version_slots.h"
#include "text/sql_quote.h"

// --- vectors

// What stands for "cannot be seen" has a row that no table has.
static const char vector_sql[] =
    "SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(name, stripe, version)), '[]'), " PG_SERVER_START
    " FROM ("
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

// Behind the array stands the last number that had been given before, by what the same server has told.
static enum err_code append_vector(
    const struct pg_conn *conn, const PGresult *result, uint64_t last, struct buf *vector, struct err *err)
{
    uint64_t server = atomic_load_explicit(&conn->store->server, memory_order_acquire);
    bool is_same = pg_number_at(result, 0, 1) == server;
    buf_append_str(vector, PQgetvalue(result, 0, 0));
    buf_printf(vector, "\n%" PRIu64, is_same ? last : 0);
    return buf_status(vector) == ERR_NONE ? ERR_NONE : err_no_memory(err);
}

// Takes that number away from a vector; 0: not known.
static uint64_t take_last(struct span *vector)
{
    const char *end = vector->len > 0 ? memrchr(vector->at, '\n', vector->len) : NULL;
    uint64_t last = 0;
    if (end == NULL)
        return 0;
    for (const char *at = end + 1; at < vector->at + vector->len; at++)
        last = 10 * last + (uint64_t)(*at - '0');
    vector->len = (size_t)(end - vector->at);
    return last;
}

enum err_code pg_versions_read(struct store_conn *base, struct buf *vector, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    PGresult *result = NULL;
    uint64_t last;
    (void)version_slots_round(&conn->store->versions, &last);
    enum err_code code = pg_begin(base, err); // for the sake of a pooler: it keeps to one server meanwhile
    if (code != ERR_NONE)
        return code;
    pg_tx_sent(conn);
    pg_last(base);
    code = pg_queue_once(
        conn, &conn->vector, vector_sql, NULL, (struct pg_item){.kind = PG_COMMAND, .keep = &result}, err);
    if (code == ERR_NONE)
        code = pg_drain_rows(conn, &result, err);
    if (code == ERR_NONE)
        code = append_vector(conn, result, last, vector, err);
    if (code != ERR_NONE)
        conn->vector.session = 0;
    PQclear(result);
    pg_rollback(base);
    return code;
}

// --- of which state a read is

// Also when the server was started, under a name that no table has.
static const char seen_sql[] =
    "SELECT table_name, " PG_VERSION_ROWS " FROM reckoner_versions GROUP BY table_name UNION ALL"
    " SELECT E'\\x03', " PG_SERVER_START;

// On a standby how far it has come, under another one.
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
    uint64_t last, round = version_slots_round(&followed->versions, &last);
    if (followed == conn->store)
        return round;
    uint64_t shape_lsn = atomic_load_explicit(&followed->shape_lsn, memory_order_relaxed);
    return replayed_lsn(conn) >= shape_lsn ? round : 0;
}

// Before anything of the transaction is sent, which has a snapshot from then on. `last` had been given out
// before; on a standby, before the vector was read that it has to see.
static void expect_seen(struct pg_conn *conn, uint64_t last)
{
    conn->seen_tx++;
    conn->seen_round = round_to_see(conn);
    conn->seen_last = conn->seen_round != 0 ? last : 0;
    conn->seen_session = conn->session;
    PQclear(conn->seen);
    conn->seen = NULL;
}

static enum err_code ask_seen(struct pg_conn *conn, struct err *err)
{
    const char *sql = conn->store->followed == conn->store ? seen_sql : seen_there_sql;
    struct pg_item item = {.kind = PG_COMMAND, .keep = &conn->seen};
    pg_tx_sent(conn);
    return pg_queue_once(conn, &conn->look, sql, NULL, item, err);
}

enum err_code pg_begin_seen(struct store_conn *base, struct err *err)
{
    return pg_begin_at(base, (struct span){0}, true, err);
}

// --- transactions that see something

enum err_code pg_begin_at(struct store_conn *base, struct span vector, bool is_noted, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    uint64_t last = take_last(&vector);
    if (conn->store->followed == conn->store)
        (void)version_slots_round(&conn->store->versions, &last);
    enum err_code code = pg_begin(base, err);
    if (code != ERR_NONE)
        return code;
    if (is_noted)
        expect_seen(conn, last);
    if (vector.len > 0) {
        pg_tx_sent(conn);
        code = pg_queue_once(conn, &conn->check, check_sql, &vector, (struct pg_item){.kind = PG_CHECK}, err);
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

// Whether the state that was seen is of the server that the watch was told of last. A standby has come as far
// as a vector of that one.
static bool is_of_watched(const struct pg_conn *conn)
{
    static const char name[] = {PG_STATE_SERVER, '\0'};
    int row = pg_find_row(conn->seen, name);
    return conn->store->followed != conn->store ||
           (row >= 0 && pg_number_at(conn->seen, row, PG_STATE_ROWS) ==
                            atomic_load_explicit(&conn->store->server, memory_order_acquire));
}

// Whether the statement has seen the table with these parts; *ret_tells: it can tell.
static bool saw_parts(const struct pg_prepared *prepared, const char *table, uint64_t parts, bool *ret_tells)
{
    for (size_t i = 0; i < prepared->view_count; i++) {
        if (version_now(prepared->views[i]) == 0)
            return false;
    }
    for (size_t i = 0; i < prepared->parted_count; i++) {
        if (strcmp(prepared->parted[i].name, table) != 0)
            continue;
        *ret_tells = true;
        return prepared->parted[i].count == parts || prepared->parted[i].count == 0;
    }
    return true;
}

// Whether what the transaction has read of the table had the parts that the table's shape stands for; the
// proof is at the top. True of a table without parts.
static bool has_seen_parts(const struct pg_conn *conn, const struct version *version, const char *table)
{
    uint64_t parts = version_slots_parts(&conn->store->followed->versions, version);
    bool is_told = false;
    if (parts == 0)
        return true;
    for (struct store_stmt *stmt = conn->base.stmts; stmt != NULL; stmt = stmt->next) {
        const struct pg_prepared *prepared = pg_stmt(stmt)->prepared;
        if (prepared == NULL || prepared->seen_tx != conn->seen_tx)
            continue;
        if (!prepared->is_found || !saw_parts(prepared, table, parts, &is_told))
            return false;
    }
    return is_told;
}

uint64_t pg_version_seen(struct store_conn *base, const struct version *version)
{
    struct pg_conn *conn = pg_conn(base);
    int history_row = pg_find_row(conn->seen, "");
    if (PQresultStatus(conn->seen) != PGRES_TUPLES_OK || history_row < 0)
        return 0;
    uint64_t bucket = pg_is_bucket(version) ? pg_bucket_number(version) : 0;
    const struct version *table = pg_is_bucket(version) ? pg_bucket_table(version) : version;
    const char *name = version_slots_name(table);
    if (name == NULL || !has_seen_parts(conn, table, name))
        return 0;
    if (bucket != 0)
        return bucket <= conn->seen_last && is_of_watched(conn) ? bucket : 0;
    int row = pg_find_row(conn->seen, table_name(name));
    if (row < 0)
        return 0;
    return version_slots_seen(&conn->store->followed->versions, table,
        pg_number_at(conn->seen, row, PG_STATE_ROWS), pg_number_at(conn->seen, history_row, PG_STATE_ROWS),
        conn->seen_round);
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
