// SPDX-License-Identifier: Apache-2.0
// The thread that keeps up with a store. On a connection of its own it asks the database for the state of all
// tables, sets the numbers of their versions by it, which any thread reads, and answers the questions whether
// versions have changed. By the way it finds out whether the server answers.
//
//              has noted where the database is, and has asked once
//     lost ───────────────────────────────────────────────────────────► following
//       ▲                                                                   │
//       └───────────────────────────────────────────────────────────────────┘
//              the link breaks, or the server is silent
//
// While it follows, it asks again for each question, when this process has committed, and every PG_WATCH_MS.
//
// Questions that come while the database is being asked wait for the next time, together: what they are told
// was found out by a snapshot that was taken after each of them came. While the link is lost no version is
// known, and questions are answered at once. The next link gives all versions new numbers, as what was
// committed before, and seen, may be lost in a crash.
//
// store_close waits for the thread. The thread can be interrupted in everything but the making of a link by
// libpq: a server that keeps silent then delays store_close by LIMIT_STORE_CONNECT_MS an address. No thread
// may be in libpq while the process exits, as the libraries under it (TLS, GSS) are taken down there.
#include "store/postgresql/watch.h"

#include <poll.h>
#include <stdatomic.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/wake.h"
#include "store/postgresql/breaker.h"
#include "store/postgresql/error.h"
#include "store/postgresql/known.h"
#include "store/postgresql/link.h"
#include "store/postgresql/store.h"
#include "store/postgresql/versions.h"
#include "store/version_slots.h"
#include "text/sql_quote.h"

enum {
    PG_WATCH_MS = 1000,    // the watch asks without being asked
    PG_ROWS_TRY_MS = 5000, // between two tries to have the rows of a table told
};

struct pg_watch {
    pthread_mutex_t lock;                // guards what follows
    bool is_away;                        // the server did not answer when it was asked last
    struct err reason;                   // why
    bool is_following;                   // there is a link, and questions are taken
    bool is_called;                      // for a question, or to look
    struct versions_question *questions; // borrowed; those that wait
    // --- any thread
    _Atomic(uint64_t) asked_ns; // when the last question that was answered was sent; 0: not following
    // --- immutable
    pthread_t thread;       //
    struct wake call;       // called with is_called
    struct wake leave;      // called when the thread has to end
    struct pg_store *store; // borrowed
    char *sql;              // owned; what the database is asked
    char *rows_sql;         // owned; the call of reckoner_by
    // --- the thread's own
    PGconn *link;          // owned; NULL: lost
    struct pg_known known; // by the last answer on it
    bool is_pooled;        // a pooler stands between: nothing can be prepared
    uint64_t pause_ms;     // before the next try; 0: it has followed
};

// --- what is known

static void note_reach(struct pg_watch *watch, bool is_away, const struct err *reason)
{
    pthread_mutex_lock(&watch->lock);
    watch->is_away = is_away;
    watch->reason = *reason;
    pthread_mutex_unlock(&watch->lock);
}

static void answer(struct versions_question *question)
{
    while (question != NULL) {
        struct versions_question *next = question->next; // on_answer may free it
        question->on_answer(question);
        question = next;
    }
}

// Takes what waits. The database is to be asked behind this.
static struct versions_question *take_questions(struct pg_watch *watch, bool is_following)
{
    wake_clear(&watch->call);
    pthread_mutex_lock(&watch->lock);
    struct versions_question *questions = watch->questions;
    watch->questions = NULL;
    watch->is_called = false;
    watch->is_following = is_following;
    pthread_mutex_unlock(&watch->lock);
    return questions;
}

static void forget_versions(struct pg_watch *watch)
{
    atomic_store_explicit(&watch->asked_ns, 0, memory_order_release);
    pg_forget_state(watch->store, &watch->known);
    answer(take_questions(watch, false)); // behind it, as they say that nothing is known
}

void pg_watch_look(struct pg_watch *watch)
{
    if (watch == NULL)
        return;
    pthread_mutex_lock(&watch->lock);
    bool calls = watch->is_following && !watch->is_called;
    watch->is_called = watch->is_called || calls;
    pthread_mutex_unlock(&watch->lock);
    if (calls)
        wake_call(&watch->call);
}

// --- waiting

enum wait_for { WAIT_READ, WAIT_WRITE, WAIT_CALL };

// Until the link has something to read; or can be written to; or the thread is called. ERR_TIMEOUT at the end
// of `ms`; ERR_BUSY when the thread has to end.
static enum err_code wait_for_link(struct pg_watch *watch, enum wait_for what, int ms, struct err *err)
{
    struct pollfd fds[] = {{.fd = watch->leave.fd, .events = POLLIN},
        {.fd = watch->link != NULL ? PQsocket(watch->link) : -1,
            .events = what == WAIT_WRITE ? POLLIN | POLLOUT : POLLIN},
        {.fd = what == WAIT_CALL ? watch->call.fd : -1, .events = POLLIN}};
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
        enum err_code code = wait_for_link(watch, unsent > 0 ? WAIT_WRITE : WAIT_READ, ms, err);
        if (code != ERR_NONE)
            return code;
        if (PQconsumeInput(watch->link) == 0)
            return pg_fail_connect(watch->link, ERR_BUSY, err);
    }
}

static bool is_fine(const PGresult *result)
{
    return PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK;
}

// The result of what was sent, which may be that the server has refused it; the caller clears it.
// ERR_TIMEOUT: the server does not answer.
static enum err_code hear(struct pg_watch *watch, int sent, PGresult **ret_result, struct err *err)
{
    if (sent == 0)
        return pg_fail_connect(watch->link, ERR_BUSY, err);
    PGresult *result = NULL, *next;
    enum err_code code = wait_for_answer(watch, err);
    while (code == ERR_NONE && (next = PQgetResult(watch->link)) != NULL) {
        PQclear(result);
        result = next;
        code = wait_for_answer(watch, err);
    }
    if (code == ERR_NONE && PQstatus(watch->link) != CONNECTION_OK)
        code = pg_fail_connect(watch->link, ERR_BUSY, err);
    if (code != ERR_NONE) {
        PQclear(result);
        return code;
    }
    *ret_result = result;
    return ERR_NONE;
}

// The same of what the server must not refuse.
static enum err_code receive(struct pg_watch *watch, int sent, PGresult **ret_result, struct err *err)
{
    PGresult *result = NULL;
    enum err_code code = hear(watch, sent, &result, err);
    if (code == ERR_NONE && !is_fine(result))
        code = pg_fail_connect(watch->link, ERR_BUSY, err);
    if (code != ERR_NONE) {
        PQclear(result);
        return code;
    }
    *ret_result = result;
    return ERR_NONE;
}

// --- following

// Asks the database, and answers the questions that came before.
static enum err_code read_versions(struct pg_watch *watch, struct err *err)
{
    PGresult *state = NULL;
    struct versions_question *questions = take_questions(watch, true);
    uint64_t asked_ns = clock_monotonic_ns();
    const char *const params[] = {watch->known.snapshot};
    int sent = watch->is_pooled ? PQsendQueryParams(watch->link, watch->sql, 1, NULL, params, NULL, NULL, 0)
                                : PQsendQueryPrepared(watch->link, "state", 1, params, NULL, NULL, 0);
    enum err_code code = receive(watch, sent, &state, err);
    if (code == ERR_NONE) {
        pg_take_state(watch->store, &watch->known, state);
        atomic_store_explicit(&watch->asked_ns, asked_ns, memory_order_release);
        note_reach(watch, false, &(struct err){0});
    } else {
        forget_versions(watch);
    }
    PQclear(state);
    answer(questions);
    return code;
}

// Has the database tell which rows of the set change, where it does not so far. A lock that is not to be had,
// and all else that it refuses, is tried again later.
static enum err_code track_rows(struct pg_watch *watch, struct pg_bucket_set *set, struct err *err)
{
    const char *params[2 + LIMIT_BUCKET_COLUMNS] = {set->table_name, set->kinds};
    PGresult *result = NULL;
    for (size_t i = 0; i < set->count; i++)
        params[2 + i] = set->columns[i];
    set->next_try_ns = clock_monotonic_ns() + PG_ROWS_TRY_MS * NS_PER_MS;
    int sent =
        PQsendQueryParams(watch->link, watch->rows_sql, ARRAY_LEN(params), NULL, params, NULL, NULL, 0);
    enum err_code code = hear(watch, sent, &result, err);
    set->is_checked =
        code == ERR_NONE && PQresultStatus(result) == PGRES_TUPLES_OK && PQgetvalue(result, 0, 0)[0] == 't';
    set->checked = set->shape;
    PQclear(result);
    return code;
}

// Does so with all sets that go by their table. The versions are read once more when that has come out well.
static enum err_code track_all(struct pg_watch *watch, struct err *err)
{
    struct pg_bucket_set *set = atomic_load_explicit(&watch->store->bucket_sets.first, memory_order_acquire);
    enum err_code code = ERR_NONE;
    for (; set != NULL && code == ERR_NONE; set = set->next) {
        if (atomic_load_explicit(&set->whole, memory_order_relaxed) != 0 || !set->has_table ||
            clock_monotonic_ns() < set->next_try_ns)
            continue;
        code = track_rows(watch, set, err);
        if (set->is_checked)
            pg_watch_look(watch);
    }
    return code;
}

// Finds out whether a pooler stands between, and has the database note where it is. A role that may not call
// reckoner_here has no versions: ERR_BUSY.
static enum err_code set_up(struct pg_watch *watch, struct err *err)
{
    AUTO(buf_fini) struct buf sql;
    PGresult *result = NULL;
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    buf_append_str(&sql, "SELECT ");
    sql_append_name(&sql, span_of(watch->store->name));
    buf_append_str(&sql, ".reckoner_here()");
    buf_append_byte(&sql, '\0');
    if (buf_status(&sql) != ERR_NONE)
        return err_no_memory(err);
    enum err_code code = receive(watch, PQsendQuery(watch->link, pg_pid_sql), &result, err);
    if (code == ERR_NONE)
        watch->is_pooled = pg_is_pooled(watch->link, result);
    PQclear(result);
    result = NULL;
    if (code == ERR_NONE)
        code = receive(watch, PQsendQuery(watch->link, sql.data), &result, err);
    PQclear(result);
    result = NULL;
    if (code == ERR_NONE && !watch->is_pooled)
        code = receive(watch, PQsendPrepare(watch->link, "state", watch->sql, 0, NULL), &result, err);
    PQclear(result);
    return code;
}

// Waits until the versions are to be read again: the thread was called, or PG_WATCH_MS are over.
static enum err_code wait_for_call(struct pg_watch *watch, struct err *err)
{
    struct err pause = {0};
    enum err_code code = wait_for_link(watch, WAIT_CALL, PG_WATCH_MS, &pause);
    if (code == ERR_NONE &&
        PQconsumeInput(watch->link) == 0) // the server has said something, perhaps goodbye
        return pg_fail_connect(watch->link, ERR_BUSY, err);
    return code == ERR_TIMEOUT ? ERR_NONE : code;
}

// Follows the versions until the link breaks or the thread has to end. ERR_TIMEOUT: the server does not
// answer.
static enum err_code follow(struct pg_watch *watch, struct err *err)
{
    enum err_code code = set_up(watch, err);
    if (code == ERR_NONE)
        code = read_versions(watch, err);
    if (code == ERR_NONE)
        watch->pause_ms = 0;
    while (code == ERR_NONE) {
        code = track_all(watch, err);
        if (code == ERR_NONE)
            code = wait_for_call(watch, err);
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
    return ERR_NONE;
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
    wake_fini(&watch->call);
    wake_fini(&watch->leave);
    pthread_mutex_destroy(&watch->lock);
    mem_free(watch->sql);
    mem_free(watch->rows_sql);
    mem_free(watch);
}

static void *run(void *arg)
{
    struct pg_watch *watch = arg;
    while (!has_to_end(watch)) {
        keep_up(watch);
        (void)wait_for_link(watch, WAIT_READ, (int)watch->pause_ms, NULL);
    }
    return NULL;
}

static enum err_code make_sql(struct pg_watch *watch, struct err *err)
{
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    pg_append_state(watch->store, &sql);
    buf_append_byte(&sql, '\0');
    if (buf_status(&sql) == ERR_NONE)
        watch->sql = mem_strdup(sql.data);
    buf_clear(&sql);
    buf_append_str(&sql, "SELECT ");
    sql_append_name(&sql, span_of(watch->store->name));
    buf_append_str(
        &sql, ".reckoner_by($1, pg_catalog.array_remove(ARRAY[$3, $4, $5, $6, $7, $8, $9, $10], NULL), $2)");
    buf_append_byte(&sql, '\0');
    if (buf_status(&sql) == ERR_NONE)
        watch->rows_sql = mem_strdup(sql.data);
    return watch->sql != NULL && watch->rows_sql != NULL ? ERR_NONE : err_no_memory(err);
}

static enum err_code watch_new(struct pg_store *store, struct pg_watch **ret_watch, struct err *err)
{
    struct pg_watch *watch = mem_zalloc(1, sizeof(*watch));
    if (watch == NULL)
        return err_no_memory(err);
    pthread_mutex_init(&watch->lock, NULL);
    watch->store = store;
    watch->call.fd = watch->leave.fd = -1;
    enum err_code code = wake_init(&watch->call, err);
    if (code == ERR_NONE)
        code = wake_init(&watch->leave, err);
    if (code == ERR_NONE)
        code = make_sql(watch, err);
    if (code != ERR_NONE) {
        watch_free(watch);
        return code;
    }
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

void pg_versions_ask(struct store *base, struct versions_question *question)
{
    struct pg_watch *watch = pg_store(base)->watch;
    bool waits = false, calls = false;
    if (watch != NULL) {
        pthread_mutex_lock(&watch->lock);
        waits = watch->is_following;
        calls = waits && !watch->is_called;
        if (waits) {
            question->next = watch->questions;
            watch->questions = question;
            watch->is_called = true;
        }
        pthread_mutex_unlock(&watch->lock);
    }
    if (calls)
        wake_call(&watch->call);
    if (!waits)
        question->on_answer(question);
}

uint64_t pg_versions_asked_ns(const struct store *base)
{
    const struct pg_watch *watch = ((const struct pg_store *)base)->watch;
    return watch != NULL ? atomic_load_explicit(&watch->asked_ns, memory_order_acquire) : 0;
}

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
