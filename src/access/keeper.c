// SPDX-License-Identifier: Apache-2.0
// Rounds: all stores that are wanted are asked, one after another. What they are asked is the owner's. The
// keeper's thread runs the rounds; the lock guards what other threads tell it.
//
//     sleeps ─ the next round is due, or called ─► a round ─► sleeps …
//        └─ no store is wanted: until one is
#include "access/keeper.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"

// A store, as the thread has it.
struct asked_store {
    struct store_conn *conn; // owned; NULL: not connected
    bool is_wanted;          // in this round
    bool has_failed;         // the last time
};

struct keeper {
    struct keeper_options options; // fixed
    struct asked_store *stores;    // owned; the thread's
    atomic_bool is_ending;         // the thread has to end; set under the lock, and interrupts statements
    bool is_running;               // the thread exists; the owner's
    pthread_t thread;              // valid while is_running
    pthread_mutex_t lock;          // guards what follows
    pthread_cond_t change;         // signalled when the thread has something to look at
    pthread_cond_t progress;       // broadcast when a round has ended, and when the thread has to end
    bool *wanted;                  // owned; by store
    uint64_t called;               // number of the last call for a round
    uint64_t done;                 // of the last one that a round has begun and ended after
    struct keeper_question *first; // borrowed; those that wait, the newest first
};

enum err_code keeper_new(const struct keeper_options *options, struct keeper **ret_keeper, struct err *err)
{
    struct keeper *keeper = mem_zalloc(1, sizeof(*keeper));
    if (keeper == NULL)
        return err_no_memory(err);
    keeper->options = *options;
    atomic_init(&keeper->is_ending, false);
    pthread_mutex_init(&keeper->lock, NULL);
    cond_init(&keeper->change);
    cond_init(&keeper->progress);
    keeper->stores = mem_zalloc(options->store_count, sizeof(*keeper->stores));
    keeper->wanted = mem_zalloc(options->store_count, sizeof(*keeper->wanted));
    if (keeper->stores == NULL || keeper->wanted == NULL) {
        keeper_free(keeper);
        return err_no_memory(err);
    }
    *ret_keeper = keeper;
    return ERR_NONE;
}

void keeper_free(struct keeper *keeper)
{
    if (keeper == NULL)
        return;
    keeper_end(keeper);
    mem_free(keeper->wanted);
    mem_free(keeper->stores);
    pthread_cond_destroy(&keeper->progress);
    pthread_cond_destroy(&keeper->change);
    pthread_mutex_destroy(&keeper->lock);
    mem_free(keeper);
}

// --- one store

static bool is_ending(const struct keeper *keeper)
{
    return atomic_load_explicit(&keeper->is_ending, memory_order_relaxed);
}

static enum err_code connect_to(struct keeper *keeper, size_t number, struct err *err)
{
    struct asked_store *store = &keeper->stores[number];
    if (store->conn != NULL)
        return ERR_NONE;
    enum err_code code = store_connect(keeper->options.stores[number], STORE_READ, &store->conn, err);
    if (code == ERR_NONE)
        store_interrupt_when(store->conn, &keeper->is_ending);
    return code;
}

static void disconnect_from(struct asked_store *store)
{
    store_disconnect(store->conn);
    store->conn = NULL;
}

static void ask(struct keeper *keeper, size_t number)
{
    const struct keeper_options *options = &keeper->options;
    struct asked_store *store = &keeper->stores[number];
    struct err err = {0};
    enum err_code code = connect_to(keeper, number, &err);
    if (code == ERR_NONE) {
        store_deadline(store->conn, clock_monotonic_ns() + options->patience_ms * NS_PER_MS);
        code = options->ask(options->ctx, number, store->conn, &err);
        if (code != ERR_NONE)
            store_rollback(store->conn);
    }
    bool has_failed = code != ERR_NONE;
    if (has_failed && is_ending(keeper))
        return; // it was interrupted
    if (has_failed != store->has_failed)
        options->tell(options->tell_ctx, number, has_failed ? &err : NULL);
    store->has_failed = has_failed;
}

// --- rounds

static void run_round(struct keeper *keeper)
{
    for (size_t i = 0; i < keeper->options.store_count && !is_ending(keeper); i++) {
        if (keeper->stores[i].is_wanted)
            ask(keeper, i);
        else
            disconnect_from(&keeper->stores[i]);
    }
}

// Answers the questions of calls up to `done`. Under the lock, which is given up meanwhile.
static void answer(struct keeper *keeper, uint64_t done)
{
    struct keeper_question *answered = NULL;
    for (struct keeper_question **link = &keeper->first; *link != NULL;) {
        struct keeper_question *question = *link;
        if (question->call > done) {
            link = &question->next;
            continue;
        }
        *link = question->next;
        question->next = answered;
        answered = question;
    }
    pthread_mutex_unlock(&keeper->lock);
    while (answered != NULL) {
        struct keeper_question *next = answered->next; // on_round may free it
        answered->on_round(answered);
        answered = next;
    }
    pthread_mutex_lock(&keeper->lock);
}

// Runs one. Tells whether any store is wanted. Under the lock, which is given up meanwhile.
static bool call_round(struct keeper *keeper)
{
    bool any = false;
    uint64_t called = keeper->called;
    for (size_t i = 0; i < keeper->options.store_count; i++) {
        keeper->stores[i].is_wanted = keeper->wanted[i];
        any = any || keeper->wanted[i];
    }
    pthread_mutex_unlock(&keeper->lock);
    run_round(keeper);
    pthread_mutex_lock(&keeper->lock);
    keeper->done = called;
    pthread_cond_broadcast(&keeper->progress);
    answer(keeper, called);
    return any;
}

static void *run(void *arg)
{
    struct keeper *keeper = arg;
    uint64_t due_ns = UINT64_MAX; // when the next round begins; UINT64_MAX: no store is wanted
    pthread_mutex_lock(&keeper->lock);
    while (!is_ending(keeper)) {
        uint64_t now_ns = clock_monotonic_ns();
        if (due_ns <= now_ns || keeper->called != keeper->done)
            due_ns = call_round(keeper) ? now_ns + keeper->options.pace_ms * NS_PER_MS : UINT64_MAX;
        else if (due_ns == UINT64_MAX)
            pthread_cond_wait(&keeper->change, &keeper->lock);
        else
            (void)cond_wait_until(&keeper->change, &keeper->lock, due_ns);
    }
    answer(keeper, UINT64_MAX);
    pthread_mutex_unlock(&keeper->lock);
    for (size_t i = 0; i < keeper->options.store_count; i++)
        disconnect_from(&keeper->stores[i]);
    return NULL;
}

// --- what other threads say

enum err_code keeper_start(struct keeper *keeper, struct err *err)
{
    enum err_code code = thread_start(run, keeper, &keeper->thread, err);
    keeper->is_running = code == ERR_NONE;
    return code;
}

// Calls for a round; returns the call's number. Under the lock.
static uint64_t call(struct keeper *keeper)
{
    pthread_cond_signal(&keeper->change);
    return ++keeper->called;
}

void keeper_want(struct keeper *keeper, size_t store, bool is_wanted)
{
    pthread_mutex_lock(&keeper->lock);
    if (keeper->wanted[store] != is_wanted) {
        keeper->wanted[store] = is_wanted;
        (void)call(keeper);
    }
    pthread_mutex_unlock(&keeper->lock);
}

void keeper_ask(struct keeper *keeper, struct keeper_question *question)
{
    pthread_mutex_lock(&keeper->lock);
    bool is_late = is_ending(keeper);
    if (!is_late) {
        question->call = call(keeper);
        question->next = keeper->first;
        keeper->first = question;
    }
    pthread_mutex_unlock(&keeper->lock);
    if (is_late)
        question->on_round(question);
}

bool keeper_wait(struct keeper *keeper, uint64_t wait_ms)
{
    uint64_t end_ns = clock_monotonic_ns() + wait_ms * NS_PER_MS;
    pthread_mutex_lock(&keeper->lock);
    uint64_t number = call(keeper);
    while (keeper->done < number && !is_ending(keeper) && clock_monotonic_ns() < end_ns)
        (void)cond_wait_until(&keeper->progress, &keeper->lock, end_ns);
    bool is_done = keeper->done >= number;
    pthread_mutex_unlock(&keeper->lock);
    return is_done;
}

void keeper_end(struct keeper *keeper)
{
    if (!keeper->is_running)
        return;
    pthread_mutex_lock(&keeper->lock);
    atomic_store_explicit(&keeper->is_ending, true, memory_order_relaxed);
    pthread_cond_signal(&keeper->change);
    pthread_cond_broadcast(&keeper->progress);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->thread, NULL);
    keeper->is_running = false;
}
