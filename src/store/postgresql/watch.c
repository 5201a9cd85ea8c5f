// SPDX-License-Identifier: Apache-2.0
// The thread that keeps up with a store. On a connection of its own it listens for the notifications of
// versions.c and sets the numbers of the tables' versions, which any thread reads; and it finds out whether
// the server answers.
//
//             listens, and has read all versions
//     lost ─────────────────────────────────────► following: reads them again after each notification, and
//       ▲                                             │      every PG_WATCH_MS, to see whether the
//       └─────────────────────────────────────────────┘      server answers
//            the link breaks, or the server is silent
//
// While the link is lost no version is known, and the next link gives all versions new numbers: a server that
// has taken the place of another may count otherwise. The text of a notification is not looked at, as any
// role may send one. A pooler does not pass notifications on; behind one the thread only asks whether the
// server answers.
//
// store_close waits for the thread. The thread can be interrupted in everything but the making of a link by
// libpq: a server that keeps silent then delays store_close by LIMIT_STORE_CONNECT_MS an address. No thread
// may be in libpq while the process exits, as the libraries under it (TLS, GSS) are taken down there.
#include "store/postgresql/watch.h"

#include <poll.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/wake.h"
#include "store/postgresql/breaker.h"
#include "store/postgresql/error.h"
#include "store/postgresql/link.h"
#include "store/postgresql/store.h"
#include "store/postgresql/versions.h"
#include "store/version_slots.h"
#include "text/sql_quote.h"

enum { PG_WATCH_MS = 1000 }; // the watch asks whether the server is there

struct pg_watch {
    pthread_mutex_t lock; // guards is_away and reason
    bool is_away;         // the server did not answer when it was asked last
    struct err reason;    // why
    // --- immutable
    pthread_t thread;       //
    struct wake leave;      // called when the thread has to end
    struct pg_store *store; // borrowed
    // --- the thread's own
    PGconn *link;      // owned; NULL: lost
    bool is_pooled;    // a pooler stands between
    uint64_t pause_ms; // before the next try; 0: it has followed
};

// --- what is known

static void note_reach(struct pg_watch *watch, bool is_away, const struct err *reason)
{
    pthread_mutex_lock(&watch->lock);
    watch->is_away = is_away;
    watch->reason = *reason;
    pthread_mutex_unlock(&watch->lock);
}

// Sets the numbers from rows of table names and their versions in the database.
static void take_versions(struct pg_watch *watch, const PGresult *rows)
{
    struct version_slots *versions = &watch->store->versions;
    version_slots_begin(versions);
    for (int i = 0; i < PQntuples(rows); i++)
        version_slots_set(versions, PQgetvalue(rows, i, 0), strtoll(PQgetvalue(rows, i, 1), NULL, 10));
    version_slots_end(versions);
}

static void forget_versions(struct pg_watch *watch)
{
    version_slots_begin(&watch->store->versions);
    version_slots_end(&watch->store->versions);
}

// --- waiting

// Until the link has something to read, or can be written to if `writes`. ERR_TIMEOUT at the end of `ms`;
// ERR_BUSY when the thread has to end.
static enum err_code wait_for_link(struct pg_watch *watch, bool writes, int ms, struct err *err)
{
    struct pollfd fds[] = {
        {.fd = watch->leave.fd, .events = POLLIN}, {.fd = watch->link != NULL ? PQsocket(watch->link) : -1,
                                                       .events = writes ? POLLIN | POLLOUT : POLLIN}};
    int ready = poll(fds, ARRAY_LEN(fds), ms);
    if (fds[0].revents != 0)
        return err_set(err, ERR_BUSY, "the store is being closed");
    if (ready == 0)
        return err_set(err, ERR_TIMEOUT, "the server does not answer");
    return ERR_NONE;
}

static bool has_to_end(struct pg_watch *watch)
{
    struct pollfd leave = {.fd = watch->leave.fd, .events = POLLIN};
    return poll(&leave, 1, 0) > 0;
}

// Waits for an answer; ERR_TIMEOUT past LIMIT_STORE_CONNECT_MS.
static enum err_code wait_for_answer(struct pg_watch *watch, struct err *err)
{
    uint64_t end_ns = clock_monotonic_ns() + LIMIT_STORE_CONNECT_MS * NS_PER_MS;
    for (;;) {
        int unsent = PQflush(watch->link);
        if (unsent < 0)
            return pg_fail_connect(watch->link, ERR_BUSY, err);
        if (unsent == 0 && !PQisBusy(watch->link))
            return ERR_NONE;
        uint64_t now_ns = clock_monotonic_ns();
        int ms = now_ns < end_ns ? (int)((end_ns - now_ns) / NS_PER_MS) + 1 : 0;
        enum err_code code = wait_for_link(watch, unsent > 0, ms, err);
        if (code != ERR_NONE)
            return code;
        if (PQconsumeInput(watch->link) == 0)
            return pg_fail_connect(watch->link, ERR_BUSY, err);
    }
}

// Runs SQL of one statement; the caller clears the result. ERR_TIMEOUT: the server does not answer.
static enum err_code ask(struct pg_watch *watch, const char *sql, PGresult **ret_result, struct err *err)
{
    if (PQsendQuery(watch->link, sql) == 0)
        return pg_fail_connect(watch->link, ERR_BUSY, err);
    PGresult *result = NULL, *next;
    enum err_code code = wait_for_answer(watch, err);
    while (code == ERR_NONE && (next = PQgetResult(watch->link)) != NULL) {
        PQclear(result);
        result = next;
        code = wait_for_answer(watch, err);
    }
    bool is_fine = PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK;
    if (code == ERR_NONE && !is_fine)
        code = pg_fail_connect(watch->link, ERR_BUSY, err);
    if (code != ERR_NONE) {
        PQclear(result);
        return code;
    }
    *ret_result = result;
    return ERR_NONE;
}

// --- following

static enum err_code read_versions(struct pg_watch *watch, struct err *err)
{
    AUTO(buf_fini) struct buf sql;
    PGresult *rows = NULL;
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    buf_append_str(&sql, "SELECT table_name, version FROM ");
    sql_append_name(&sql, span_of(watch->store->name));
    buf_append_str(&sql, ".reckoner_versions WHERE version > 0");
    buf_append_byte(&sql, '\0');
    if (buf_status(&sql) != ERR_NONE)
        return err_no_memory(err);
    enum err_code code = ask(watch, watch->is_pooled ? "SELECT 1 WHERE false" : sql.data, &rows, err);
    if (code == ERR_NONE) {
        take_versions(watch, rows);
        note_reach(watch, false, &(struct err){0});
    }
    PQclear(rows);
    return code;
}

static enum err_code listen_for_writes(struct pg_watch *watch, struct err *err)
{
    char sql[PG_CHANNEL_CHARS + 10] = "LISTEN ";
    PGresult *result = NULL;
    enum err_code code = ask(watch, pg_pid_sql, &result, err);
    if (code == ERR_NONE)
        watch->is_pooled = pg_is_pooled(watch->link, result);
    PQclear(result);
    if (code != ERR_NONE || watch->is_pooled)
        return code;
    result = NULL;
    pg_channel(watch->store, sql + strlen(sql));
    code = ask(watch, sql, &result, err);
    PQclear(result);
    return code;
}

static bool was_notified(PGconn *link)
{
    bool was = false;
    PGnotify *notification;
    while ((notification = PQnotifies(link)) != NULL) {
        PQfreemem(notification);
        was = true;
    }
    return was;
}

// Waits until the versions are to be read again: there was a notification, or none for PG_WATCH_MS.
static enum err_code wait_for_writes(struct pg_watch *watch, struct err *err)
{
    struct err pause = {0};
    enum err_code code = ERR_NONE;
    while (code == ERR_NONE && !was_notified(watch->link)) {
        code = wait_for_link(watch, false, PG_WATCH_MS, &pause);
        if (code == ERR_NONE && PQconsumeInput(watch->link) == 0)
            return pg_fail_connect(watch->link, ERR_BUSY, err);
    }
    return code == ERR_TIMEOUT ? ERR_NONE : code;
}

// Follows the versions until the link breaks or the thread has to end. ERR_TIMEOUT: the server does not
// answer.
static enum err_code follow(struct pg_watch *watch, struct err *err)
{
    enum err_code code = read_versions(watch, err);
    if (code == ERR_NONE)
        watch->pause_ms = 0;
    while (code == ERR_NONE) {
        code = wait_for_writes(watch, err);
        if (code == ERR_NONE)
            code = read_versions(watch, err);
    }
    return code;
}

static enum err_code connect_link(struct pg_watch *watch, struct err *err)
{
    watch->link = pg_open_link(watch->store);
    if (watch->link == NULL)
        return err_no_memory(err);
    if (PQstatus(watch->link) != CONNECTION_OK || PQsetnonblocking(watch->link, 1) != 0)
        return pg_fail_connect(watch->link, ERR_BUSY, err);
    return listen_for_writes(watch, err);
}

// One link, from its making to its end. A link that breaks does not show that the server is away: the next
// try to make one does.
static void keep_up(struct pg_watch *watch)
{
    struct err err = {0};
    watch->pause_ms = watch->pause_ms == 0 ? PG_PAUSE_MS : 2 * watch->pause_ms;
    if (watch->pause_ms > PG_PAUSE_MAX_MS)
        watch->pause_ms = PG_PAUSE_MAX_MS;
    enum err_code code = connect_link(watch, &err);
    bool is_away = code != ERR_NONE;
    if (code == ERR_NONE) {
        code = follow(watch, &err);
        is_away = code == ERR_TIMEOUT;
    }
    PQfinish(watch->link);
    watch->link = NULL;
    forget_versions(watch);
    note_reach(watch, is_away, &err);
}

// --- the thread

static void watch_free(struct pg_watch *watch)
{
    wake_fini(&watch->leave);
    pthread_mutex_destroy(&watch->lock);
    mem_free(watch);
}

static void *run(void *arg)
{
    struct pg_watch *watch = arg;
    while (!has_to_end(watch)) {
        keep_up(watch);
        (void)wait_for_link(watch, false, (int)watch->pause_ms, NULL);
    }
    return NULL;
}

static enum err_code watch_new(struct pg_store *store, struct pg_watch **ret_watch, struct err *err)
{
    struct pg_watch *watch = mem_zalloc(1, sizeof(*watch));
    if (watch == NULL)
        return err_no_memory(err);
    enum err_code code = wake_init(&watch->leave, err);
    if (code != ERR_NONE) {
        mem_free(watch);
        return code;
    }
    pthread_mutex_init(&watch->lock, NULL);
    watch->store = store;
    *ret_watch = watch;
    return ERR_NONE;
}

enum err_code pg_watch(struct store *base, struct err *err)
{
    struct pg_store *store = pg_store(base);
    struct pg_watch *watch = NULL;
    if (store->watch != NULL)
        return ERR_NONE;
    enum err_code code = watch_new(store, &watch, err);
    if (code != ERR_NONE || watch == NULL)
        return code;
    code = thread_start(run, watch, &watch->thread, err);
    if (code == ERR_NONE)
        store->watch = watch;
    else
        watch_free(watch);
    return code;
}

void pg_watch_end(struct pg_watch *watch)
{
    if (watch == NULL)
        return;
    wake_call(&watch->leave);
    pthread_join(watch->thread, NULL);
    watch_free(watch);
}

// --- asking

const struct version *pg_version_of(struct store *base, const char *table)
{
    return version_slots_find(&pg_store(base)->versions, table);
}

enum err_code pg_is_there(struct store *base, struct err *err)
{
    struct pg_watch *watch = pg_store(base)->watch;
    if (watch == NULL)
        return ERR_NONE;
    pthread_mutex_lock(&watch->lock);
    bool is_away = watch->is_away;
    struct err reason = watch->reason;
    pthread_mutex_unlock(&watch->lock);
    if (!is_away)
        return ERR_NONE;
    err_set(err, ERR_BUSY, "the store cannot be reached at the moment: try again");
    err_hint(err, "%s", reason.text); // for the log: it names hosts
    return ERR_BUSY;
}
