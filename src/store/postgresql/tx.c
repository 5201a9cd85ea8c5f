// SPDX-License-Identifier: Apache-2.0
// Transactions, the one savepoint in them, and what became of a commit; the states of a transaction are drawn
// in conn.h. The connection's thread.
//
// A reader says no BEGIN: its session's transactions are READ ONLY and REPEATABLE READ by themselves, and
// what is sent without a sync in between is one (PostgreSQL 55.2.4). So a read costs nothing but its
// statements.
//
// Writers of one app take turns, by an advisory lock, as all stores promise: then what a batch has found out
// still holds when it writes, with every other writer's commit seen and none lost to a retry. A transaction
// that has begun early has not got its turn yet: until then it holds no lock that another writer may wait
// for, as it touches nothing but the table batch, which no other session sees.
//
// When the link breaks under a COMMIT, the driver cannot know whether the server has done it. So each writing
// transaction leaves a record with a random key in the app's schema, and on the next link another record is
// inserted under the same key: if the first one is there, the transaction was committed; if not, the key is
// taken now, and an old session that lingers cannot commit any more. After a failover the next link leads to
// what was the standby: its records are of what it has got, which is what counts there.
#include "store/postgresql/tx.h"

#include <assert.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store/postgresql/batch.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/queue.h"
#include "store/postgresql/session.h"
#include "store/postgresql/store.h"
#include "store/postgresql/value.h"
#include "store/postgresql/watch.h"
#include "text/sql_quote.h"

enum { PG_AGAIN_MS = 100 }; // before what became of a commit is asked once more

// What follows is not to be cut in two by the deadline, but has a bound of its own.
static void start_control(struct pg_conn *conn, uint64_t ms)
{
    conn->control_ns = clock_monotonic_ns() + ms * NS_PER_MS;
}

// --- beginning

// How long the server lets a statement run: beyond the deadline, which this side keeps, in case that it is
// gone by then. Requests are all given the same time, so that the session seldom has to be told another one.
static enum err_code follow_deadline(struct pg_conn *conn, struct err *err)
{
    char sql[100];
    uint64_t now_ns = clock_monotonic_ns();
    uint64_t left_ms = conn->deadline_ns > now_ns ? (conn->deadline_ns - now_ns) / NS_PER_MS : 0;
    uint64_t wanted_ms = conn->deadline_ns == 0 ? 0 : (left_ms / 1000 + 2) * 1000;
    bool will_do = wanted_ms == 0 ? conn->timeout_ms == 0
                                  : conn->timeout_ms >= wanted_ms && conn->timeout_ms <= 4 * wanted_ms;
    if (will_do)
        return ERR_NONE;
    conn->timeout_ms = wanted_ms;
    snprintf(sql, sizeof(sql), "SET statement_timeout = %llu", (unsigned long long)wanted_ms);
    enum err_code code = pg_command(conn, sql, err);
    return code == ERR_NONE ? pg_sync(conn, err) : code; // not part of what may be rolled back
}

enum err_code pg_queue_begin(struct pg_conn *conn, struct err *err)
{
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    pg_append_settings(conn, true, &sql);
    if (buf_status(&sql) != ERR_NONE)
        return err_no_memory(err);
    enum err_code code = pg_command(conn,
        conn->mode == STORE_WRITE ? "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
                                  : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        err);
    if (code == ERR_NONE && conn->is_pooled)
        code = pg_command(conn, sql.data, err);
    return code;
}

// Waits for it here, as a batch is not to blame when another writer keeps the turn for too long.
static enum err_code take_turn(struct pg_conn *conn, struct err *err)
{
    const char *const params[] = {conn->store->name};
    enum err_code code = pg_command_with(conn,
        "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('reckoner ' || $1, 0))", 1,
        params, NULL, err);
    return code == ERR_NONE ? pg_drain(conn, err) : code;
}

static enum err_code begin(struct pg_conn *conn, bool takes_turn, struct err *err)
{
    assert(conn->tx == PG_TX_NONE);
    enum err_code code = pg_session_ready(conn, err);
    if (code == ERR_NONE && !conn->is_pooled && conn->mode == STORE_READ)
        code = follow_deadline(conn, err);
    if (code != ERR_NONE)
        return code;
    pg_tx_move(conn, PG_TX_OPEN);
    conn->last = PG_LAST_UNTOLD;
    conn->has_written = conn->was_cancelled = false;
    conn->failure = (struct err){0};
    if (conn->mode == STORE_WRITE || conn->is_pooled) {
        pg_tx_sent(conn);
        code = pg_queue_begin(conn, err);
        if (code == ERR_NONE && takes_turn)
            code = take_turn(conn, err);
    }
    if (code != ERR_NONE)
        pg_rollback(&conn->base);
    return code;
}

enum err_code pg_begin(struct store_conn *base, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    return begin(conn, conn->mode == STORE_WRITE, err);
}

enum err_code pg_begin_early(struct store_conn *base, struct err *err)
{
    return begin(pg_conn(base), false, err);
}

// What comes before a step of its own within a transaction.
static enum err_code begin_step(struct pg_conn *conn, struct err *err)
{
    enum err_code code = pg_check_alive(conn, err);
    return code == ERR_NONE ? pg_batch_finish(conn, err) : code;
}

// Hands on how the step went; the transaction fails with it.
static enum err_code end_step(
    struct pg_conn *conn, enum err_code code, const struct err *cause, struct err *err)
{
    if (code == ERR_NONE)
        return ERR_NONE;
    pg_fail_tx(conn, cause);
    return err_pass(err, cause);
}

enum err_code pg_take_turn(struct store_conn *base, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    struct err cause = {0};
    assert(conn->tx != PG_TX_NONE && conn->mode == STORE_WRITE);
    enum err_code code = begin_step(conn, err);
    if (code != ERR_NONE)
        return code;
    code = take_turn(conn, &cause);
    return end_step(conn, code, &cause, err);
}

// --- ending

void pg_last(struct store_conn *base)
{
    struct pg_conn *conn = pg_conn(base);
    conn->last = pg_tx_is_open(conn) && conn->mode == STORE_READ ? PG_LAST_NEXT : PG_LAST_UNTOLD;
}

// A new random key (RFC 9562 section 5.4 gives its form).
static enum err_code make_id(char id[PG_ID_CHARS], struct err *err)
{
    unsigned char bytes[UUID_BYTES];
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return err_set(err, ERR_IO, "the system has no random bytes");
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    uuid_format(bytes, id);
    id[UUID_CHARS] = '\0';
    return ERR_NONE;
}

// Queues the record of this transaction, in the place of the last one, which is known to be done.
static enum err_code queue_record(struct pg_conn *conn, struct err *err)
{
    enum err_code code = make_id(conn->commit, err);
    const char *const params[] = {conn->commit, conn->recorded[0] != '\0' ? conn->recorded : NULL};
    if (code == ERR_NONE)
        code = pg_command_with(conn,
            "WITH done AS (DELETE FROM reckoner_commits WHERE id = $2::uuid)"
            " INSERT INTO reckoner_commits (id) VALUES ($1::uuid)",
            2, params, NULL, err);
    return code;
}

// The parts of the question for the record, around the schema's name.
static const char *const record_sql[2][2] = {
    {"INSERT INTO ",
        ".reckoner_commits (id, committed_at) VALUES ($1::uuid, 'infinity') ON CONFLICT DO NOTHING"},
    {"UPDATE ", ".reckoner_commits SET committed_at = committed_at WHERE id = $1::uuid"
                " RETURNING pg_catalog.isfinite(committed_at)"},
};

static enum err_code queue_question(
    struct pg_conn *conn, const char *const sql[2], PGresult **ret_result, struct err *err)
{
    AUTO(buf_fini) struct buf text;
    const char *const params[] = {conn->commit};
    buf_init(&text, LIMIT_APP_FILE_BYTES);
    buf_append_str(&text, sql[0]);
    sql_append_name(&text, span_of(conn->store->name));
    buf_append_str(&text, sql[1]);
    buf_append_byte(&text, '\0');
    if (buf_status(&text) != ERR_NONE)
        return err_no_memory(err);
    return pg_command_with(conn, text.data, 1, params, ret_result, err);
}

// Asks, on a new link, for the record. *ret_is_done: the commit was done. It cannot be any more otherwise.
//
// What is inserted in the record's place differs from it, so that this can be asked again when its own answer
// is lost. And the record is written to in any case, so that the answer waits for a synchronous standby as
// the commit itself would have: a primary that has crashed may come back with what the standby has never got.
static enum err_code ask_for_record(struct pg_conn *conn, bool *ret_is_done, struct err *err)
{
    PGresult *result = NULL;
    enum err_code code = queue_question(conn, record_sql[0], NULL, err);
    if (code == ERR_NONE)
        code = queue_question(conn, record_sql[1], &result, err);
    if (code == ERR_NONE)
        code = pg_drain_rows(conn, &result, err); // both were one transaction
    if (code == ERR_NONE && PQntuples(result) != 1)
        code = err_set(err, ERR_STORE, "the record of a commit has gone");
    if (code == ERR_NONE)
        *ret_is_done = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return code;
}

// Until there is an answer, or for LIMIT_STORE_VERIFY_MS.
static enum err_code find_out(struct pg_conn *conn, struct err *err)
{
    bool is_done = false;
    start_control(conn, LIMIT_STORE_VERIFY_MS);
    for (;;) {
        struct err cause = {0};
        enum err_code code = pg_revive(conn, &cause);
        if (code == ERR_NONE)
            code = ask_for_record(conn, &is_done, &cause);
        if (code == ERR_NONE)
            break;
        if (clock_monotonic_ns() >= conn->control_ns)
            return err_set(err, ERR_TIMEOUT,
                "the store was lost while it wrote, and it is not known whether it has: look before trying again");
        clock_pause(PG_AGAIN_MS * NS_PER_MS);
    }
    snprintf(conn->recorded, sizeof(conn->recorded), "%s", conn->commit);
    if (is_done)
        return ERR_NONE;
    return err_set(err, ERR_BUSY, "the store was lost before it wrote: try again");
}

static enum err_code commit_writes(struct pg_conn *conn, struct err *err)
{
    enum err_code code = pg_batch_finish(conn, err);
    if (code == ERR_NONE && conn->is_unsent) // a failure before it is that of the statement
        code = pg_drain(conn, err);
    if (code == ERR_NONE && conn->has_written)
        code = queue_record(conn, err);
    bool may_be_sent = code == ERR_NONE; // also when the link breaks under it
    if (code == ERR_NONE)
        code = pg_command(conn, "COMMIT", err);
    if (code == ERR_NONE)
        code = pg_sync(conn, err);
    if (code == ERR_NONE)
        code = pg_drain(conn, err);
    if (may_be_sent && conn->link == NULL && conn->has_written) {
        pg_tx_move(conn, PG_TX_ASKED);
        *err = (struct err){0};
        code = find_out(conn, err);
        if (code != ERR_NONE) {
            pg_tx_move(conn, PG_TX_FAILED);
            conn->failure = *err;
        }
        return code;
    }
    if (code == ERR_NONE && conn->has_written)
        memcpy(conn->recorded, conn->commit, sizeof(conn->recorded));
    return code;
}

enum err_code pg_commit(struct store_conn *base, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    struct err cause = {0};
    assert(conn->tx != PG_TX_NONE);
    enum err_code code = pg_check_alive(conn, err);
    if (code != ERR_NONE)
        return code;
    start_control(conn, LIMIT_STORE_COMMIT_MS);
    if (conn->mode == STORE_WRITE) {
        code = commit_writes(conn, &cause);
    } else {
        if (conn->is_pooled)
            code = pg_command(conn, "COMMIT", &cause);
        if (code == ERR_NONE && conn->tx == PG_TX_SENT) // its answer is read when something else is asked
            code = pg_sync(conn, &cause);
    }
    conn->control_ns = 0;
    if (code == ERR_NONE) {
        pg_tx_move(conn, PG_TX_NONE);
        pg_batch_keep(conn);
        if (conn->has_written)
            pg_watch_look(conn->store->watch);
        return ERR_NONE;
    }
    pg_fail_tx(conn, &cause);
    return err_pass(err, &cause);
}

enum err_code pg_check_deferred(struct store_conn *base, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    struct err cause = {0};
    enum err_code code = begin_step(conn, err);
    if (code != ERR_NONE)
        return code;
    code = pg_command(conn, "SET CONSTRAINTS ALL IMMEDIATE", &cause);
    if (code == ERR_NONE)
        code = pg_drain(conn, &cause);
    return end_step(conn, code, &cause, err);
}

enum err_code pg_wait_sent(struct store_conn *base, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    struct err cause = {0};
    enum err_code code = begin_step(conn, err);
    if (code != ERR_NONE)
        return code;
    code = pg_drain(conn, &cause);
    return end_step(conn, code, &cause, err);
}

// Queues the statement behind a sync, so that it runs even if a statement that is queued already fails.
static enum err_code queue_alone(struct pg_conn *conn, const char *sql, struct err *err)
{
    enum err_code code = conn->is_unsent ? pg_sync(conn, err) : ERR_NONE;
    return code == ERR_NONE ? pg_command(conn, sql, err) : code;
}

void pg_rollback(struct store_conn *base)
{
    struct pg_conn *conn = pg_conn(base);
    struct err ignored = {0};
    if (conn->tx == PG_TX_NONE)
        return;
    start_control(conn, LIMIT_STORE_COMMIT_MS);
    if (conn->link != NULL && pg_runs_disowned(conn))
        pg_cancel(conn);
    pg_batch_forget(conn);
    enum err_code code = ERR_NONE;
    if (conn->link != NULL && (conn->tx == PG_TX_SENT || conn->tx == PG_TX_FAILED)) {
        bool has_begin = conn->mode == STORE_WRITE || conn->is_pooled;
        if (has_begin)
            code = queue_alone(conn, "ROLLBACK", &ignored);
        if (code == ERR_NONE)
            code = pg_sync(conn, &ignored);
        if (code == ERR_NONE && conn->mode == STORE_WRITE && pg_drain(conn, &ignored) != ERR_NONE &&
            conn->link != NULL && PQtransactionStatus(conn->link) != PQTRANS_IDLE)
            pg_lose(conn);
    }
    if (code != ERR_NONE)
        pg_lose(conn); // the server rolls back what its client has left
    conn->control_ns = 0;
    pg_tx_move(conn, PG_TX_NONE);
}

// --- the savepoint
//
// Each has a name of its own. What is only sent (store_send) may fail behind the RELEASE of its savepoint and
// the next SAVEPOINT, both of which the server passes over then. With one name for all, a ROLLBACK TO of the
// next savepoint would take back the one before, and the transaction would go on without that.

static enum err_code queue_savepoint(struct pg_conn *conn, const char *command, struct err *err)
{
    char sql[40];
    snprintf(sql, sizeof(sql), "%s batch%u", command, conn->savepoint);
    return pg_command(conn, sql, err);
}

enum err_code pg_savepoint(struct store_conn *base, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    assert(conn->tx != PG_TX_NONE);
    enum err_code code = pg_check_alive(conn, err);
    if (code == ERR_NONE)
        code = pg_batch_finish(conn, err);
    conn->had_written = conn->has_written;
    conn->savepoint++;
    return code == ERR_NONE ? queue_savepoint(conn, "SAVEPOINT", err) : code;
}

enum err_code pg_release(struct store_conn *base, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    enum err_code code = pg_check_alive(conn, err);
    if (code == ERR_NONE)
        code = pg_batch_finish(conn, err);
    return code == ERR_NONE ? queue_savepoint(conn, "RELEASE", err) : code;
}

enum err_code pg_rollback_to(struct store_conn *base, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    assert(conn->tx != PG_TX_NONE);
    pg_batch_forget(conn);
    if (conn->link == NULL)
        return pg_check_alive(conn, err);
    start_control(conn, LIMIT_STORE_COMMIT_MS);
    struct err cause = {0};
    if (conn->count > 0 && pg_drain(conn, &cause) != ERR_NONE)
        cause = (struct err){0}; // what failed is what is taken back
    bool had_failed = pg_tx_has_failed(conn);
    enum err_code code =
        conn->link != NULL ? queue_savepoint(conn, "ROLLBACK TO", &cause) : pg_check_alive(conn, &cause);
    if (code == ERR_NONE)
        code = queue_savepoint(conn, "RELEASE", &cause);
    if (code == ERR_NONE)
        code = pg_sync(conn, &cause);
    if (code == ERR_NONE)
        code = pg_drain(conn, &cause);
    conn->control_ns = 0;
    if (code == ERR_NONE) {
        pg_tx_sent(conn);
        if (conn->tx == PG_TX_FAILED)
            pg_tx_move(conn, PG_TX_SENT);
        conn->failure = (struct err){0};
        conn->has_written = conn->had_written;
        return ERR_NONE;
    }
    if (had_failed) // by that, not by this
        return pg_check_alive(conn, err);
    pg_fail_tx(conn, &cause);
    return err_pass(err, &cause);
}

enum err_code pg_tx_query(struct pg_conn *conn, const char *sql, int count, const char *const *params,
    PGresult **ret_result, struct err *err)
{
    bool is_alone = conn->tx == PG_TX_NONE;
    enum err_code code = is_alone ? pg_begin(&conn->base, err) : ERR_NONE;
    if (code != ERR_NONE)
        return code;
    pg_tx_sent(conn);
    code = pg_query(conn, sql, count, params, ret_result, err);
    if (is_alone)
        pg_rollback(&conn->base);
    return code;
}
