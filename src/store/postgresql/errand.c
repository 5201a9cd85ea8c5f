// SPDX-License-Identifier: Apache-2.0
// Cancel requests and pings. libpq sends either by a connection of its own and waits for the server
// meanwhile. Therefore each errand runs on a detached thread; its owner looks how it went, or leaves it. A
// frozen server keeps a cancel request for as long as it is frozen, so the threads of the process are
// counted, and past that number no errand begins. Any thread; an errand's owner is one thread.
//
// Pings have an end, and the store that is closed last waits for it: they go through TLS and GSS, which are
// taken down when the process exits. A cancel request is a bare socket's (PQcancel), and may be under way
// then.
#include "store/postgresql/errand.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"

enum {
    PG_CANCELS = 16, // cancel requests that are under way in the process, each on a thread
    PG_PINGS = 64,   // pings likewise
    HOST_BYTES = 256,
    PORT_CHARS = 8,
    TIMEOUT_CHARS = 12,
};

// Errands of a kind that are under way in the process.
struct errands {
    pthread_mutex_t lock; // guards count
    pthread_cond_t none;  // signalled when count is 0 again
    int count;
};

struct pg_errand {
    pthread_mutex_t lock;       // guards state and is_left
    pthread_cond_t ended;       // signalled when state is no longer PG_ERRAND_UNDER_WAY
    enum pg_errand_state state; //
    bool is_left;               // by its owner: the thread frees it
    struct errands *among;      // those that it is counted with
    PGcancel *cancel;           // owned; NULL: it is a ping
    char *url;                  // owned; of a ping, with what is overridden by those below
    char host[HOST_BYTES];      // of the server that the link has met
    char address[HOST_BYTES];   // likewise; "": it is a socket in the file system
    char port[PORT_CHARS];      // likewise
};

static struct errands cancels = {.lock = PTHREAD_MUTEX_INITIALIZER, .none = PTHREAD_COND_INITIALIZER};
static struct errands pings = {.lock = PTHREAD_MUTEX_INITIALIZER, .none = PTHREAD_COND_INITIALIZER};

// False when `most` are under way.
static bool count_in(struct errands *errands, int most)
{
    pthread_mutex_lock(&errands->lock);
    bool has_room = errands->count < most;
    errands->count += has_room;
    pthread_mutex_unlock(&errands->lock);
    return has_room;
}

static void count_out(struct errands *errands)
{
    pthread_mutex_lock(&errands->lock);
    if (--errands->count == 0)
        pthread_cond_broadcast(&errands->none);
    pthread_mutex_unlock(&errands->lock);
}

static void errand_free(struct pg_errand *errand)
{
    PQfreeCancel(errand->cancel);
    mem_free(errand->url);
    pthread_cond_destroy(&errand->ended);
    pthread_mutex_destroy(&errand->lock);
    mem_free(errand);
}

static bool send_cancel(PGcancel *cancel)
{
    char reason[256];
    return PQcancel(cancel, reason, sizeof(reason)) == 1;
}

// Anything but silence is an answer, a refusal too: a server that refuses connections may still run the
// statement that is waited for.
static bool ping(const struct pg_errand *errand)
{
    char timeout[TIMEOUT_CHARS];
    snprintf(timeout, sizeof(timeout), "%d", LIMIT_STORE_CONNECT_MS / 1000);
    const char *const names[] = {
        "dbname", "host", "port", "connect_timeout", "target_session_attrs", "hostaddr", NULL};
    const char *const values[] = {errand->url, errand->host, errand->port, timeout, "any",
        errand->address[0] != '\0' ? errand->address : NULL, NULL};
    return PQpingParams(names, values, 1) != PQPING_NO_RESPONSE;
}

static void *run(void *arg)
{
    struct pg_errand *errand = arg;
    bool done = errand->cancel != NULL ? send_cancel(errand->cancel) : ping(errand);
    count_out(errand->among);
    pthread_mutex_lock(&errand->lock);
    errand->state = done ? PG_ERRAND_DONE : PG_ERRAND_FAILED;
    bool is_left = errand->is_left;
    pthread_cond_signal(&errand->ended);
    pthread_mutex_unlock(&errand->lock);
    if (is_left)
        errand_free(errand);
    return NULL;
}

static struct pg_errand *errand_new(struct errands *among)
{
    struct pg_errand *errand = mem_zalloc(1, sizeof(*errand));
    if (errand == NULL)
        return NULL;
    cond_init(&errand->ended);
    pthread_mutex_init(&errand->lock, NULL);
    errand->among = among;
    return errand;
}

// Takes the errand over; NULL when it cannot begin.
static struct pg_errand *start(struct pg_errand *errand, int most)
{
    pthread_t thread;
    if (count_in(errand->among, most)) {
        if (thread_start(run, errand, &thread, NULL) == ERR_NONE) {
            pthread_detach(thread);
            return errand;
        }
        count_out(errand->among);
    }
    errand_free(errand);
    return NULL;
}

struct pg_errand *pg_errand_cancel(PGconn *link)
{
    struct pg_errand *errand = errand_new(&cancels);
    if (errand == NULL)
        return NULL;
    errand->cancel = PQgetCancel(link);
    if (errand->cancel == NULL) {
        errand_free(errand);
        return NULL;
    }
    return start(errand, PG_CANCELS);
}

struct pg_errand *pg_errand_ping(PGconn *link, const char *url)
{
    const char *host = PQhost(link), *address = PQhostaddr(link), *port = PQport(link);
    struct pg_errand *errand = errand_new(&pings);
    if (errand == NULL)
        return NULL;
    errand->url = mem_strdup(url);
    if (errand->url == NULL || host == NULL || address == NULL || port == NULL ||
        strlen(host) >= HOST_BYTES) {
        errand_free(errand);
        return NULL;
    }
    snprintf(errand->host, sizeof(errand->host), "%s", host);
    if (host[0] != '/')
        snprintf(errand->address, sizeof(errand->address), "%s", address);
    snprintf(errand->port, sizeof(errand->port), "%s", port);
    return start(errand, PG_PINGS);
}

enum pg_errand_state pg_errand_wait(struct pg_errand *errand, uint64_t end_ns)
{
    pthread_mutex_lock(&errand->lock);
    bool has_time = end_ns != 0;
    while (errand->state == PG_ERRAND_UNDER_WAY && has_time)
        has_time = cond_wait_until(&errand->ended, &errand->lock, end_ns);
    enum pg_errand_state state = errand->state;
    pthread_mutex_unlock(&errand->lock);
    return state;
}

void pg_errand_leave(struct pg_errand *errand)
{
    if (errand == NULL)
        return;
    pthread_mutex_lock(&errand->lock);
    errand->is_left = true;
    bool has_ended = errand->state != PG_ERRAND_UNDER_WAY;
    pthread_mutex_unlock(&errand->lock);
    if (has_ended)
        errand_free(errand);
}

void pg_errand_wait_pings(void)
{
    pthread_mutex_lock(&pings.lock);
    while (pings.count > 0)
        pthread_cond_wait(&pings.none, &pings.lock);
    pthread_mutex_unlock(&pings.lock);
}
