// SPDX-License-Identifier: Apache-2.0
// What is under way on a connection: sent in order, answered in order (PostgreSQL 34.5, pipeline mode). The
// connection's thread.
//
// A run's rows are read one by one, so that a large answer is never in memory as a whole; they are only kept
// when another statement is to be read before.
//
// The deadline is kept on this side: the server is asked to cancel, by a connection of its own, and what
// comes back then is the statement's error. A server that does not answer that either is given up.
#include <poll.h>

#include "base/clock.h"
#include "store/postgresql.h"

// --- the queue

static enum err_code push(struct pg_conn *conn, struct pg_item item, struct err *err)
{
    if (conn->count == PG_QUEUE)
        return err_set(err, ERR_STORE, "too many statements are under way on one connection");
    conn->queue[(conn->first + conn->count) % PG_QUEUE] = item;
    conn->count++;
    return ERR_NONE;
}

static struct pg_item pop(struct pg_conn *conn)
{
    struct pg_item item = conn->queue[conn->first];
    conn->first = (conn->first + 1) % PG_QUEUE;
    conn->count--;
    conn->is_single = false;
    return item;
}

enum err_code pg_queued(
    struct pg_conn *conn, int sent, enum pg_kind kind, struct pg_stmt *stmt, PGresult **keep, struct err *err)
{
    if (sent == 0) {
        bool is_gone = PQstatus(conn->link) != CONNECTION_OK;
        enum err_code code = is_gone
                                 ? err_set(err, ERR_BUSY, "the connection to the store was lost: try again")
                                 : err_no_memory(err); // nothing else fails while the link is good
        if (is_gone)
            pg_lose(conn);
        return code;
    }
    conn->is_unsent = true;
    return push(conn, (struct pg_item){.kind = kind, .stmt = stmt, .keep = keep}, err);
}

enum err_code pg_command_with(struct pg_conn *conn, const char *sql, int param_count,
    const char *const *params, PGresult **ret_result, struct err *err)
{
    // Half of the queue stays free for those who cannot wait here.
    enum err_code code = conn->count < PG_QUEUE / 2 ? ERR_NONE : pg_sync(conn, err);
    if (code == ERR_NONE && conn->count >= PG_QUEUE / 2)
        code = pg_drain(conn, err);
    if (code != ERR_NONE)
        return code;
    int sent = PQsendQueryParams(conn->link, sql, param_count, NULL, params, NULL, NULL, 0);
    return pg_queued(conn, sent, PG_COMMAND, NULL, ret_result, err);
}

enum err_code pg_command(struct pg_conn *conn, const char *sql, struct err *err)
{
    return pg_command_with(conn, sql, 0, NULL, NULL, err);
}

enum err_code pg_sync(struct pg_conn *conn, struct err *err)
{
    enum err_code code = pg_queued(conn, PQpipelineSync(conn->link), PG_SYNC, NULL, NULL, err);
    conn->is_unsent = false;
    return code;
}

enum err_code pg_flush(struct pg_conn *conn, struct err *err)
{
    if (!conn->is_unsent)
        return ERR_NONE;
    // Of a reader the sync is the end of its transaction; that of a writer, or through a pooler, has BEGIN.
    if (conn->mode == STORE_WRITE || conn->is_pooled || conn->tx == PG_IDLE || conn->is_last) {
        conn->is_begun = conn->is_begun && !conn->is_last; // its end has been sent
        return pg_sync(conn, err);
    }
    if (PQsendFlushRequest(conn->link) == 0 || PQflush(conn->link) != 0) {
        pg_lose(conn);
        return err_set(err, ERR_BUSY, "the connection to the store was lost: try again");
    }
    conn->is_unsent = false;
    return ERR_NONE;
}

// --- waiting

enum err_code pg_check_deadline(const struct pg_conn *conn, struct err *err)
{
    if (conn->deadline_ns == 0 || clock_monotonic_ns() < conn->deadline_ns)
        return ERR_NONE;
    return err_set(err, ERR_TIMEOUT, "the statement was ended at its time limit");
}

void pg_cancel(struct pg_conn *conn)
{
    char reason[256];
    PGcancel *cancel = PQgetCancel(conn->link);
    if (cancel != NULL && PQcancel(cancel, reason, sizeof(reason)) == 1)
        conn->was_cancelled = true;
    PQfreeCancel(cancel);
}

// How long to wait for bytes: until the deadline; then from one cancel request to the next.
static int64_t pause_ns(struct pg_conn *conn, uint64_t now_ns, uint64_t end_ns)
{
    if (end_ns == 0)
        return -1;
    if (now_ns < end_ns)
        return (int64_t)(end_ns - now_ns);
    pg_cancel(conn);
    return (int64_t)(PG_CANCEL_AGAIN_MS * NS_PER_MS);
}

// Waits until there is a result. False when the connection is lost, or the server has gone silent.
static bool wait_for_result(struct pg_conn *conn)
{
    uint64_t end_ns = conn->deadline_ns, give_up_ns = end_ns == 0 ? 0 : end_ns + PG_CANCEL_MS * NS_PER_MS;
    if (conn->in_control) {
        end_ns = 0;
        give_up_ns = clock_monotonic_ns() + PG_CONTROL_MS * NS_PER_MS;
    }
    while (PQisBusy(conn->link)) {
        uint64_t now_ns = end_ns != 0 || give_up_ns != 0 ? clock_monotonic_ns() : 0;
        if (give_up_ns != 0 && now_ns >= give_up_ns && (end_ns == 0 || conn->was_cancelled))
            return false;
        int64_t ns = pause_ns(conn, now_ns, end_ns);
        if (ns < 0 && give_up_ns != 0)
            ns = (int64_t)(give_up_ns - now_ns);
        int ms = ns < 0 ? -1 : (int)((uint64_t)ns / NS_PER_MS) + 1;
        struct pollfd link = {.fd = PQsocket(conn->link), .events = POLLIN};
        if (poll(&link, 1, ms) > 0 && PQconsumeInput(conn->link) == 0)
            return false;
    }
    return true;
}

// Takes the oldest out of the queue, with its last result. libpq puts a null between two commands, but not if
// something was sent in the meantime; so it is read at once.
static void end_item(struct pg_conn *conn, const PGresult *last)
{
    struct pg_item item = pop(conn);
    if (item.stmt != NULL)
        item.stmt->is_ended = true;
    if (last != NULL && item.kind != PG_SYNC)
        PQclear(PQgetResult(conn->link));
}

enum err_code pg_next_result(struct pg_conn *conn, PGresult **ret_result, struct err *err)
{
    if (conn->count > 0 && conn->queue[conn->first].kind == PG_RUN && !conn->is_single) {
        PQsetSingleRowMode(conn->link); // no effect on one that has failed already, which is fine
        conn->is_single = true;
    }
    if (!wait_for_result(conn)) {
        bool timed_out = conn->was_cancelled;
        pg_lose(conn);
        return timed_out ? err_set(err, ERR_TIMEOUT, "the statement was ended at its time limit")
                         : err_set(err, ERR_BUSY, "the connection to the store was lost: try again");
    }
    PGresult *result = PQgetResult(conn->link);
    if (result != NULL && PQresultStatus(result) == PGRES_FATAL_ERROR &&
        PQresultErrorField(result, PG_DIAG_SQLSTATE) == NULL) {
        bool is_gone = PQstatus(conn->link) != CONNECTION_OK;
        PQclear(result);
        pg_lose(conn); // without the bytes of a result, those behind it are of no use
        return is_gone ? err_set(err, ERR_BUSY, "the connection to the store was lost: try again")
                       : err_no_memory(err);
    }
    if (conn->count > 0 && (result == NULL || PQresultStatus(result) != PGRES_SINGLE_TUPLE))
        end_item(conn, result);
    *ret_result = result;
    return ERR_NONE;
}

// --- reading

// Of one command of the driver's own.
static enum err_code take_command(
    struct pg_conn *conn, PGresult *result, enum pg_kind kind, PGresult **keep, struct err *err)
{
    enum err_code code = ERR_NONE;
    switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_PIPELINE_ABORTED: // what failed before it has been told
        break;
    default:
        code = kind == PG_CHECK ? pg_fail_check(conn, result, err) : pg_fail(conn, result, err);
        break;
    }
    if (keep == NULL || *keep != NULL) {
        PQclear(result);
        if (code == ERR_TIMEOUT) { // of ours only locks take time
            *err = (struct err){0};
            code = err_set(err, ERR_BUSY, "the store is locked by somebody else: try again");
        }
        return code;
    }
    *keep = result;
    if (code != ERR_NONE)
        pg_fail_tx(conn, err);
    *err = (struct err){0};
    return ERR_NONE;
}

// Takes one result of the oldest item. *ret_failure is a failure of a command; what is returned
// is one of the connection, which ends all.
static enum err_code read_some(struct pg_conn *conn, struct err *ret_failure, struct err *err)
{
    PGresult *result = NULL;
    struct pg_item item = conn->queue[conn->first];
    enum err_code code = pg_next_result(conn, &result, err);
    if (code != ERR_NONE)
        return code;
    if (result == NULL)
        return ERR_NONE;
    if (item.kind == PG_COMMAND || item.kind == PG_CHECK) {
        struct err failure = {0};
        if (take_command(conn, result, item.kind, item.keep, &failure) != ERR_NONE) {
            pg_fail_tx(conn, &failure);
            if (ret_failure->code == ERR_NONE)
                *ret_failure = failure;
        }
    } else if (item.kind == PG_RUN && item.stmt != NULL) {
        return pg_park(item.stmt, result, err);
    } else {
        PQclear(result);
    }
    return ERR_NONE;
}

static enum err_code drain(struct pg_conn *conn, const struct pg_stmt *stmt, struct err *err)
{
    struct err failure = {0};
    enum err_code code = pg_flush(conn, err); // what was not sent is never answered
    while (code == ERR_NONE && conn->count > 0 &&
           (stmt == NULL || conn->queue[conn->first].kind != PG_RUN || conn->queue[conn->first].stmt != stmt))
        code = read_some(conn, &failure, err);
    if (code == ERR_NONE && failure.code != ERR_NONE && err != NULL && err->code == ERR_NONE)
        *err = failure;
    return code == ERR_NONE ? failure.code : code;
}

enum err_code pg_drain(struct pg_conn *conn, struct err *err)
{
    return drain(conn, NULL, err);
}

enum err_code pg_drain_until(struct pg_conn *conn, const struct pg_stmt *stmt, struct err *err)
{
    return drain(conn, stmt, err);
}
