// SPDX-License-Identifier: Apache-2.0
// Makes replica handles and moves them between their states. When a read goes to one is decided by
// read_alone.c and read_together.c. The state says to whom a handle belongs, and that thread gives it away by
// moving it; the lock guards nothing but the sleep of the thread that makes handles.
//
// It is logged when the replica of a service begins to work or to fail, and not for each read.
#include "serve/replica.h"

#include <assert.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "serve/context.h"
#include "store/versions.h"

// What was logged last of a service's replica.
enum told { TOLD_NOTHING, TOLD_WORKS, TOLD_FAILS };

struct replicas {
    const struct service *services; // borrowed; fixed, as all down to `running`
    size_t service_count;           //
    struct editions *editions;      // borrowed
    struct log *log;                // borrowed
    struct replica *all;            // owned; those of the first worker, then those of the next …
    size_t count;                   // of all
    atomic_int *told;               // owned; an enum told of each service; any thread
    pthread_t thread;               // valid while running
    bool running;                   //

    pthread_mutex_t lock;   // guards `ending`
    pthread_cond_t changed; // a handle is UNMADE again, or `ending`; of the monotonic clock
    bool ending;            // the thread has to end
};

// --- states

static enum replica_state state_of(const struct replica *replica)
{
    return (enum replica_state)atomic_load_explicit(&replica->state, memory_order_acquire);
}

// On the thread that it belongs to. Whatever that has written to it is seen by the one that it goes to.
static void move(struct replica *replica, enum replica_state to)
{
    static const bool moves[REPLICA_STATES][REPLICA_STATES] = {
        [REPLICA_UNMADE] = {[REPLICA_READY] = true},
        [REPLICA_READY] = {[REPLICA_RESTING] = true, [REPLICA_UNMADE] = true},
        [REPLICA_RESTING] = {[REPLICA_RESTING] = true, [REPLICA_READY] = true, [REPLICA_UNMADE] = true},
    };
    assert(moves[state_of(replica)][to]);
    atomic_store_explicit(&replica->state, (int)to, memory_order_release);
}

// --- what is logged

static void tell_works(struct replica *replica)
{
    struct replicas *replicas = replica->owner;
    atomic_int *told = &replicas->told[replica->service];
    if (atomic_load_explicit(told, memory_order_relaxed) == TOLD_WORKS ||
        atomic_exchange(told, TOLD_WORKS) == TOLD_WORKS)
        return;
    log_printf(replicas->log, "reckoner: %s: reads are answered by --read-store",
        replicas->services[replica->service].app->name);
}

static void tell_fails(struct replica *replica, const struct err *failure)
{
    struct replicas *replicas = replica->owner;
    if (atomic_exchange(&replicas->told[replica->service], TOLD_FAILS) == TOLD_FAILS)
        return;
    log_printf(replicas->log, "reckoner: %s: reads do without --read-store: %s%s%s",
        replicas->services[replica->service].app->name, failure->text, failure->hint[0] != '\0' ? ": " : "",
        failure->hint);
}

// --- the thread

// The pause after one more failure in a row: twice the last one, from `first_ms` to `max_ms`.
static uint64_t longer(uint64_t pause_ms, uint64_t first_ms, uint64_t max_ms)
{
    if (pause_ms == 0)
        return first_ms;
    return 2 * pause_ms < max_ms ? 2 * pause_ms : max_ms;
}

// Sets when it is made next.
static void put_off(struct replica *replica)
{
    replica->pause_ms = longer(replica->pause_ms, LIMIT_REPLICA_PAUSE_MS, LIMIT_REPLICA_PAUSE_MAX_MS);
    replica->due_ns = clock_monotonic_ns() + replica->pause_ms * NS_PER_MS;
}

// Makes an UNMADE one, with the edition that is in force.
static void make(struct replica *replica)
{
    struct replicas *replicas = replica->owner;
    struct err err = {0};
    struct edition *edition = editions_current(replicas->editions);
    handle_fini(&replica->handle);
    enum err_code code = handle_init_replica(&replica->handle,
        replicas->services[replica->service].read_store, edition->apps[replica->service],
        clock_monotonic_ns() + LIMIT_REPLICA_PREPARE_MS * NS_PER_MS, &err);
    edition_unref(edition);
    if (code == ERR_NONE) {
        move(replica, REPLICA_READY);
        return;
    }
    handle_fini(&replica->handle);
    put_off(replica);
    tell_fails(replica, &err);
}

// The one that is due first; NULL: all are made.
static struct replica *find_next(struct replicas *replicas)
{
    struct replica *next = NULL;
    for (size_t i = 0; i < replicas->count; i++) {
        struct replica *replica = &replicas->all[i];
        if (state_of(replica) == REPLICA_UNMADE && (next == NULL || replica->due_ns < next->due_ns))
            next = replica;
    }
    return next;
}

static void *run(void *arg)
{
    struct replicas *replicas = arg;
    pthread_mutex_lock(&replicas->lock);
    while (!replicas->ending) {
        struct replica *next = find_next(replicas);
        if (next == NULL) {
            pthread_cond_wait(&replicas->changed, &replicas->lock);
        } else if (clock_monotonic_ns() < next->due_ns) {
            (void)cond_wait_until(&replicas->changed, &replicas->lock, next->due_ns);
        } else {
            pthread_mutex_unlock(&replicas->lock);
            make(next);
            pthread_mutex_lock(&replicas->lock);
        }
    }
    pthread_mutex_unlock(&replicas->lock);
    return NULL;
}

// --- on the worker's thread

static bool may_be_asked(const struct replica *replica)
{
    enum replica_state state = state_of(replica);
    return state == REPLICA_READY || (state == REPLICA_RESTING && clock_monotonic_ns() >= replica->rest_ns);
}

struct replica *replica_find(
    const struct handles *handles, size_t service, const struct app *app, const struct endpoint *endpoint)
{
    struct replica *replica = handles->replicas != NULL ? &handles->replicas[service] : NULL;
    if (replica == NULL || !may_be_asked(replica))
        return NULL;
    return handle_may_miss(&replica->handle, app, endpoint) ? NULL : replica;
}

enum err_code replica_vector(struct replica *replica, struct store_conn *primary, uint64_t came_ns,
    struct span *ret_vector, struct err *err)
{
    if (replica->vector_ns == 0 || replica->vector_ns < came_ns) {
        uint64_t now_ns = clock_monotonic_ns();
        replica->vector_ns = 0;
        buf_clear(&replica->vector);
        enum err_code code = versions_read(primary, &replica->vector, err);
        if (code != ERR_NONE)
            return code;
        replica->vector_ns = now_ns;
    }
    *ret_vector = buf_span(&replica->vector);
    return ERR_NONE;
}

// Gives it to the thread that makes it anew.
static void give_back(struct replica *replica)
{
    struct replicas *replicas = replica->owner;
    put_off(replica);
    pthread_mutex_lock(&replicas->lock); // the thread, on its way to sleep, does not miss it
    move(replica, REPLICA_UNMADE);
    pthread_cond_signal(&replicas->changed);
    pthread_mutex_unlock(&replicas->lock);
}

void replica_answered(struct replica *replica, const struct err *answer)
{
    counter_add(&replica->reads[REPLICA_ANSWERED], 1);
    if (answer->code == ERR_TIMEOUT) { // the statement was slow, or the server has gone silent
        give_back(replica);
        return;
    }
    replica->pause_ms = replica->rest_ms = 0;
    if (state_of(replica) == REPLICA_RESTING)
        move(replica, REPLICA_READY);
    tell_works(replica);
}

void replica_failed(struct replica *replica, const struct err *failure, bool is_its_own)
{
    counter_add(&replica->reads[failure->code == ERR_BEHIND ? REPLICA_WAS_BEHIND : REPLICA_FAILED], 1);
    switch (failure->code) {
    case ERR_BEHIND:
        replica->rest_ms = longer(replica->rest_ms, LIMIT_REPLICA_REST_MS, LIMIT_REPLICA_REST_MAX_MS);
        replica->rest_ns = clock_monotonic_ns() + replica->rest_ms * NS_PER_MS;
        move(replica, REPLICA_RESTING);
        break;
    case ERR_ABORTED: // the read was in the way of what it replays; it is well
        break;
    case ERR_STALE:
        give_back(replica);
        break;
    default:
        if (is_its_own || failure->code == ERR_BUSY) {
            tell_fails(replica, failure);
            give_back(replica);
        }
        break;
    }
}

struct replica_stats replica_stats(const struct replicas *replicas, size_t service)
{
    struct replica_stats stats = {0};
    for (size_t i = service; i < replicas->count; i += replicas->service_count) {
        const struct replica *replica = &replicas->all[i];
        stats.handles[state_of(replica)]++;
        for (size_t end = 0; end < REPLICA_ENDS; end++)
            stats.reads[end] += counter_read(&replica->reads[end]);
    }
    return stats;
}

// --- life

struct replica *replicas_of(struct replicas *replicas, size_t worker)
{
    return &replicas->all[worker * replicas->service_count];
}

static enum err_code start(struct replicas *replicas, size_t workers, struct err *err)
{
    replicas->all = mem_zalloc(workers * replicas->service_count, sizeof(*replicas->all));
    replicas->told = mem_zalloc(replicas->service_count, sizeof(*replicas->told));
    if (replicas->all == NULL || replicas->told == NULL)
        return err_no_memory(err);
    replicas->count = workers * replicas->service_count;
    for (size_t i = 0; i < replicas->count; i++) {
        struct replica *replica = &replicas->all[i];
        replica->owner = replicas;
        replica->service = i % replicas->service_count;
        atomic_init(&replica->state, REPLICA_UNMADE);
        buf_init(&replica->vector, LIMIT_VECTOR_BYTES);
    }
    enum err_code code = thread_start(run, replicas, &replicas->thread, err);
    replicas->running = code == ERR_NONE;
    return code;
}

enum err_code replicas_new(
    struct context *context, size_t workers, struct replicas **ret_replicas, struct err *err)
{
    struct replicas *replicas = mem_zalloc(1, sizeof(*replicas));
    if (replicas == NULL)
        return err_no_memory(err);
    cond_init(&replicas->changed);
    pthread_mutex_init(&replicas->lock, NULL);
    replicas->services = context->services;
    replicas->service_count = context->service_count;
    replicas->editions = &context->editions;
    replicas->log = context->error_log;
    enum err_code code = start(replicas, workers, err);
    if (code != ERR_NONE) {
        replicas_free(replicas);
        return code;
    }
    *ret_replicas = replicas;
    return ERR_NONE;
}

void replicas_free(struct replicas *replicas)
{
    if (replicas == NULL)
        return;
    if (replicas->running) {
        pthread_mutex_lock(&replicas->lock);
        replicas->ending = true;
        pthread_cond_signal(&replicas->changed);
        pthread_mutex_unlock(&replicas->lock);
        pthread_join(replicas->thread, NULL);
    }
    for (size_t i = 0; i < replicas->count; i++) {
        handle_fini(&replicas->all[i].handle);
        buf_fini(&replicas->all[i].vector);
    }
    pthread_cond_destroy(&replicas->changed);
    pthread_mutex_destroy(&replicas->lock);
    mem_free(replicas->all);
    mem_free(replicas->told);
    mem_free(replicas);
}
