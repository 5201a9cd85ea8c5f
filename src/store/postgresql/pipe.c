// SPDX-License-Identifier: Apache-2.0
// Sends commands ahead, waits for the server, and reads what it answers, in the order of the queue. The
// connection's thread.
//
// A run's rows are read one by one, so that a large answer is never in memory as a whole; they are only kept
// when another statement is to be read before.
//
// The deadline is kept on this side: the server is asked to cancel, by a connection of its own, and what
// comes back then is the statement's error. A server that does not answer that either is given up. So is one
// that says nothing for long and answers no ping: a statement may take its time, the machine may not.
#include "store/postgresql/pipe.h"

#include <poll.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/errand.h"
#include "store/postgresql/error.h"
#include "store/postgresql/prepared.h"
#include "store/postgresql/queue.h"
#include "store/postgresql/run.h"
#include "store/postgresql/store.h"

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
    return pg_queued(conn, sent, (struct pg_item){.kind = PG_COMMAND, .keep = ret_result}, err);
}

enum err_code pg_command(struct pg_conn *conn, const char *sql, struct err *err)
{
    return pg_command_with(conn, sql, 0, NULL, NULL, err);
}

enum err_code pg_sync(struct pg_conn *conn, struct err *err)
{
    enum err_code code = pg_queued(conn, PQpipelineSync(conn->link), (struct pg_item){.kind = PG_SYNC}, err);
    conn->is_unsent = false;
    return code;
}

enum err_code pg_flush(struct pg_conn *conn, struct err *err)
{
    if (!conn->is_unsent)
        return ERR_NONE;
    // Of a reader the sync is the end of its transaction; that of a writer, or through a pooler, has BEGIN.
    bool has_begin = conn->mode == STORE_WRITE || conn->is_pooled;
    bool has_last = !has_begin && conn->last != PG_LAST_UNTOLD;
    if (has_last)
        pg_tx_ended(conn);
    if (has_begin || has_last || conn->tx == PG_TX_NONE)
        return pg_sync(conn, err);
    if (PQsendFlushRequest(conn->link) == 0 || PQflush(conn->link) < 0) {
        pg_lose(conn);
        return err_set(err, ERR_BUSY, "the connection to the store was lost: try again");
    }
    conn->is_unsent = false;
    return ERR_NONE;
}

// --- waiting

enum {
    PG_CANCEL_MS = 2000,      // from a cancel request to the end of its statement; then the link is given up
    PG_CANCEL_AGAIN_MS = 100, // a cancel request that came before its statement began is lost: it is repeated
    PG_LOOK_MS = 20,          // how often the state of a ping is looked at, and whether a client has gone
    PG_CHECK_MS = 2000,       // a check of a vector, a matter of milliseconds: the read can be done elsewhere
};

enum err_code pg_check_deadline(const struct pg_conn *conn, struct err *err)
{
    bool is_past = conn->deadline_ns != 0 && clock_monotonic_ns() >= conn->deadline_ns;
    if (!is_past && !pg_is_interrupted(conn))
        return ERR_NONE;
    return err_set(err, ERR_TIMEOUT, "the statement was ended at its time limit");
}

void pg_cancel(struct pg_conn *conn)
{
    if (conn->cancel != NULL && pg_errand_wait(conn->cancel, 0) == PG_ERRAND_UNDER_WAY)
        return;
    pg_errand_leave(conn->cancel);
    conn->cancel = pg_errand_cancel(conn->link);
    conn->cancelled_ns = clock_monotonic_ns();
    conn->was_cancelled = conn->was_cancelled || conn->cancel != NULL;
}

// Waits until the last cancel request has arrived: one that is late would end the next statement instead.
// False when it does not arrive.
static bool end_cancel(struct pg_conn *conn)
{
    if (conn->cancel == NULL)
        return true;
    uint64_t end_ns = clock_monotonic_ns() + PG_CANCEL_MS * NS_PER_MS;
    if (pg_errand_wait(conn->cancel, end_ns) == PG_ERRAND_UNDER_WAY)
        return false;
    pg_errand_leave(conn->cancel);
    conn->cancel = NULL;
    return true;
}

// One wait for the server; moments are of the monotonic clock.
struct wait {
    uint64_t cancel_ns;     // when to ask it, the next time, to end what it runs; UINT64_MAX: never
    uint64_t give_up_ns;    // when the link is given up; UINT64_MAX: never
    uint64_t heard_ns;      // when there was a sign of life
    bool may_interrupt;     // pg_is_interrupted is to be heeded, and was not true so far
    struct pg_errand *ping; // owned; under way, or NULL
    unsigned unanswered;    // pings since then
    unsigned reads;         // from the socket
    size_t bytes;           // of them, but for the first
};

// Whether a reader only waits for the end of a statement that nobody wants any more. In a transaction the
// statement is left alone, as those behind it would fail with it.
static bool is_disowned(const struct pg_conn *conn)
{
    const struct pg_item *item = &conn->queue[conn->first];
    return conn->mode == STORE_READ && conn->tx == PG_TX_NONE && conn->count > 0 && item->kind == PG_RUN &&
           !pg_is_being_read(conn);
}

static void start_wait(const struct pg_conn *conn, struct wait *wait)
{
    *wait =
        (struct wait){.cancel_ns = UINT64_MAX, .give_up_ns = UINT64_MAX, .heard_ns = clock_monotonic_ns()};
    if (conn->control_ns != 0) {
        wait->give_up_ns = conn->control_ns;
    } else if (conn->deadline_ns != 0) {
        wait->cancel_ns = conn->deadline_ns;
        wait->may_interrupt = conn->interrupt != NULL;
        uint64_t last_ns = conn->deadline_ns > wait->heard_ns ? conn->deadline_ns : wait->heard_ns;
        wait->give_up_ns = last_ns + PG_CANCEL_MS * NS_PER_MS;
    }
    if (is_disowned(conn)) {
        uint64_t again_ns = conn->cancelled_ns + PG_CANCEL_AGAIN_MS * NS_PER_MS;
        uint64_t last_ns = wait->heard_ns + PG_CANCEL_MS * NS_PER_MS;
        wait->cancel_ns = again_ns < wait->cancel_ns ? again_ns : wait->cancel_ns;
        wait->give_up_ns = last_ns < wait->give_up_ns ? last_ns : wait->give_up_ns;
    }
    uint64_t checked_ns = wait->heard_ns + PG_CHECK_MS * NS_PER_MS;
    bool is_check = conn->count > 0 && conn->queue[conn->first].kind == PG_CHECK;
    if (is_check && !conn->is_pooled && checked_ns < wait->give_up_ns)
        wait->give_up_ns = checked_ns;
}

// False when the server has answered no ping for too long. *ret_look_ns: when to look again.
static bool look_for_life(struct pg_conn *conn, struct wait *wait, uint64_t now_ns, uint64_t *ret_look_ns)
{
    if (wait->ping != NULL) {
        enum pg_errand_state state = pg_errand_wait(wait->ping, 0);
        if (state != PG_ERRAND_UNDER_WAY) {
            pg_errand_leave(wait->ping);
            wait->ping = NULL;
        }
        if (state == PG_ERRAND_FAILED && ++wait->unanswered == LIMIT_STORE_PINGS)
            return false;
        if (state == PG_ERRAND_DONE) {
            wait->heard_ns = now_ns;
            wait->unanswered = 0;
        }
    }
    uint64_t silent_ns = wait->heard_ns + LIMIT_STORE_SILENCE_MS * NS_PER_MS;
    if (wait->ping == NULL && now_ns >= silent_ns) {
        wait->ping = pg_errand_ping(conn->link, conn->store->url);
        if (wait->ping == NULL) // too many are under way: later
            wait->heard_ns = now_ns;
    }
    *ret_look_ns = wait->ping != NULL ? now_ns + PG_LOOK_MS * NS_PER_MS
                                      : wait->heard_ns + LIMIT_STORE_SILENCE_MS * NS_PER_MS;
    return true;
}

// The run whose answer is taken as a whole now; else NULL.
static struct pg_run *whole_run(const struct pg_conn *conn)
{
    const struct pg_item *item = &conn->queue[conn->first];
    return conn->count > 0 && item->kind == PG_RUN && !conn->is_single ? item->run : NULL;
}

// Reads what has come. False when the link is lost, or when an answer that was expected to be small has
// become too large to be taken as a whole. What the first read brings does not count, as most answers come at
// once.
static bool read_more(struct pg_conn *conn, struct wait *wait)
{
    struct pg_run *whole = wait->reads++ > 0 ? whole_run(conn) : NULL;
    int before = 0, after = 0; // libpq reads a part of what waits
    bool counts = whole != NULL && ioctl(PQsocket(conn->link), FIONREAD, &before) == 0;
    if (PQconsumeInput(conn->link) == 0)
        return false;
    if (!counts || ioctl(PQsocket(conn->link), FIONREAD, &after) != 0)
        return true;
    wait->bytes += before > after ? (size_t)(before - after) : 0;
    whole->was_large = wait->bytes > PG_WHOLE_BYTES;
    whole->is_small = !whole->was_large;
    return !whole->was_large;
}

// From here on nobody waits for the statement.
static void interrupt(struct wait *wait, uint64_t now_ns)
{
    uint64_t last_ns = now_ns + PG_CANCEL_MS * NS_PER_MS;
    wait->may_interrupt = false;
    wait->cancel_ns = now_ns;
    wait->give_up_ns = last_ns < wait->give_up_ns ? last_ns : wait->give_up_ns;
}

// When to look again, whatever the server sends.
static uint64_t next_look(const struct wait *wait, uint64_t now_ns, uint64_t look_ns)
{
    uint64_t next_ns = look_ns < wait->cancel_ns ? look_ns : wait->cancel_ns;
    if (wait->may_interrupt && next_ns > now_ns + PG_LOOK_MS * NS_PER_MS)
        next_ns = now_ns + PG_LOOK_MS * NS_PER_MS;
    return next_ns < wait->give_up_ns ? next_ns : wait->give_up_ns;
}

// Sends and reads what can be, or waits a little for that. False when the link is lost, or to be given up.
static bool wait_a_little(struct pg_conn *conn, struct wait *wait)
{
    int unsent = PQflush(conn->link);
    uint64_t now_ns = clock_monotonic_ns(), look_ns;
    if (unsent < 0 || now_ns >= wait->give_up_ns || !look_for_life(conn, wait, now_ns, &look_ns))
        return false;
    if (wait->may_interrupt && pg_is_interrupted(conn))
        interrupt(wait, now_ns);
    if (now_ns >= wait->cancel_ns) {
        pg_cancel(conn);
        wait->cancel_ns = now_ns + PG_CANCEL_AGAIN_MS * NS_PER_MS;
    }
    uint64_t next_ns = next_look(wait, now_ns, look_ns);
    struct pollfd link = {.fd = PQsocket(conn->link), .events = (short)(POLLIN | (unsent > 0 ? POLLOUT : 0))};
    if (poll(&link, 1, (int)((next_ns - now_ns) / NS_PER_MS) + 1) <= 0)
        return true;
    if ((link.revents & ~POLLOUT) != 0 && !read_more(conn, wait))
        return false;
    wait->heard_ns = clock_monotonic_ns();
    wait->unanswered = 0;
    return true;
}

// Waits until there is a result. False when the connection is lost, or the server has gone silent.
static bool wait_for_result(struct pg_conn *conn)
{
    if (!PQisBusy(conn->link))
        return end_cancel(conn);
    struct wait wait;
    start_wait(conn, &wait);
    bool is_there = true;
    while (is_there && PQisBusy(conn->link))
        is_there = wait_a_little(conn, &wait);
    pg_errand_leave(wait.ping);
    return is_there && end_cancel(conn);
}

// Loses the link, and tells why.
static enum err_code give_up(struct pg_conn *conn, struct err *err)
{
    bool timed_out = conn->was_cancelled;
    const struct pg_run *whole = whole_run(conn);
    bool was_large = whole != NULL && whole->was_large;
    pg_lose(conn);
    if (was_large)
        return err_set(err, ERR_ABORTED, "the answer is larger than its like were: ask again");
    return timed_out ? err_set(err, ERR_TIMEOUT, "the statement was ended at its time limit")
                     : err_set(err, ERR_BUSY, "the connection to the store was lost: try again");
}

enum err_code pg_push(struct pg_conn *conn, struct err *err)
{
    if (PQflush(conn->link) == 0)
        return ERR_NONE;
    struct wait wait;
    start_wait(conn, &wait);
    bool is_there = true;
    while (is_there && PQflush(conn->link) > 0)
        is_there = wait_a_little(conn, &wait);
    pg_errand_leave(wait.ping);
    return is_there && PQflush(conn->link) == 0 ? ERR_NONE : give_up(conn, err);
}

// Takes the oldest out of the queue, with its last result. libpq puts a null between two commands, but not if
// something was sent in the meantime; so it is read at once.
static void end_item(struct pg_conn *conn, const PGresult *last)
{
    struct pg_item item = pg_pop(conn);
    if (item.kind == PG_RUN && item.run != NULL)
        pg_run_move(item.run, PG_RUN_COME);
    if (last != NULL && item.kind != PG_SYNC)
        PQclear(PQgetResult(conn->link));
}

// Whether nothing of the item comes behind that result. A sync that could not commit has an error first.
static bool is_end(const struct pg_item *item, const PGresult *result)
{
    if (item->kind == PG_SYNC)
        return PQresultStatus(result) == PGRES_PIPELINE_SYNC;
    return result == NULL || PQresultStatus(result) != PGRES_SINGLE_TUPLE;
}

enum err_code pg_next_result(struct pg_conn *conn, PGresult **ret_result, struct err *err)
{
    const struct pg_run *whole = whole_run(conn);
    bool is_run = conn->count > 0 && conn->queue[conn->first].kind == PG_RUN;
    if (is_run && !conn->is_single && (whole == NULL || !whole->is_small)) {
        PQsetSingleRowMode(conn->link); // no effect on one that has failed already, which is fine
        conn->is_single = true;
    }
    if (!wait_for_result(conn))
        return give_up(conn, err);
    PGresult *result = PQgetResult(conn->link);
    if (result != NULL && PQresultStatus(result) == PGRES_FATAL_ERROR &&
        PQresultErrorField(result, PG_DIAG_SQLSTATE) == NULL) {
        bool is_gone = PQstatus(conn->link) != CONNECTION_OK;
        PQclear(result);
        pg_lose(conn); // without the bytes of a result, those behind it are of no use
        return is_gone ? err_set(err, ERR_BUSY, "the connection to the store was lost: try again")
                       : err_no_memory(err);
    }
    if (conn->count > 0 && is_end(&conn->queue[conn->first], result))
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
    if (item.prepared != NULL && PQresultStatus(result) != PGRES_COMMAND_OK)
        item.prepared->session = 0;
    if (item.once != NULL && PQresultStatus(result) != PGRES_COMMAND_OK)
        item.once->session = 0;
    if (item.kind == PG_FILES && item.run != NULL)
        item.run->is_torn = PQntuples(result) > 0;
    if (item.kind != PG_RUN && item.kind != PG_SYNC) {
        struct err failure = {0};
        if (take_command(conn, result, item.kind, item.keep, &failure) != ERR_NONE) {
            pg_fail_tx(conn, &failure);
            if (ret_failure->code == ERR_NONE)
                *ret_failure = failure;
        }
    } else if (item.kind == PG_RUN && item.run != NULL) {
        code = pg_run_park(item.run, result, err);
        if (code == ERR_NONE)
            return ERR_NONE;
        pg_lose(conn); // which cuts the run, if more of it was to come
        if (item.run->state == PG_RUN_COME)
            pg_run_move(item.run, PG_RUN_CUT);
        return code;
    } else {
        if (PQresultStatus(result) == PGRES_FATAL_ERROR && ret_failure->code == ERR_NONE &&
            item.kind == PG_SYNC)
            pg_fail(conn, result, ret_failure); // what it was to commit
        PQclear(result);
    }
    return ERR_NONE;
}

static enum err_code drain(struct pg_conn *conn, const struct pg_run *run, struct err *err)
{
    struct err failure = {0};
    enum err_code code = pg_flush(conn, err); // what was not sent is never answered
    while (code == ERR_NONE && conn->count > 0 &&
           (run == NULL || conn->queue[conn->first].kind != PG_RUN || conn->queue[conn->first].run != run))
        code = read_some(conn, &failure, err);
    if (code == ERR_NONE && failure.code != ERR_NONE && err != NULL && err->code == ERR_NONE)
        *err = failure;
    return code == ERR_NONE ? failure.code : code;
}

enum err_code pg_drain_files(struct pg_conn *conn, const struct pg_run *run, struct err *err)
{
    struct err failure = {0};
    enum err_code code = ERR_NONE;
    bool was_prepared = false;
    while (code == ERR_NONE && conn->count > 0) {
        const struct pg_item *item = &conn->queue[conn->first];
        bool is_prepare = item->once != NULL && !was_prepared;
        if (!is_prepare && (item->kind != PG_FILES || item->run != run))
            break;
        was_prepared = is_prepare;
        code = read_some(conn, &failure, err);
    }
    if (code == ERR_NONE && failure.code != ERR_NONE)
        code = err_pass(err, &failure);
    return code;
}

enum err_code pg_drain(struct pg_conn *conn, struct err *err)
{
    return drain(conn, NULL, err);
}

enum err_code pg_drain_rows(struct pg_conn *conn, PGresult *const *result, struct err *err)
{
    enum err_code code = pg_drain(conn, err);
    if (code == ERR_NONE && PQresultStatus(*result) != PGRES_TUPLES_OK)
        code = pg_fail(conn, *result, err);
    return code;
}

enum err_code pg_query(struct pg_conn *conn, const char *sql, int param_count, const char *const *params,
    PGresult **ret_result, struct err *err)
{
    enum err_code code = pg_command_with(conn, sql, param_count, params, ret_result, err);
    return code == ERR_NONE ? pg_drain_rows(conn, ret_result, err) : code;
}

enum err_code pg_drain_until(struct pg_conn *conn, const struct pg_run *run, struct err *err)
{
    return drain(conn, run, err);
}

// Reads, of the rows of disowned runs, what has come already.
static void drain_disowned(struct pg_conn *conn)
{
    struct err ignored = {0};
    while (conn->link != NULL && conn->count > 0 && conn->queue[conn->first].kind == PG_RUN &&
           conn->queue[conn->first].run == NULL && !PQisBusy(conn->link)) {
        if (read_some(conn, &ignored, &ignored) != ERR_NONE)
            return;
    }
}

bool pg_runs_disowned(struct pg_conn *conn)
{
    if (conn->mode == STORE_WRITE || conn->is_unsent)
        return false;
    drain_disowned(conn);
    for (unsigned i = 0; conn->link != NULL && i < conn->count; i++) {
        const struct pg_item *item = &conn->queue[(conn->first + i) % PG_QUEUE];
        if (item->kind == PG_RUN && item->run == NULL)
            return true;
    }
    return false;
}
