// SPDX-License-Identifier: Apache-2.0
// Rounds: in each the store is asked once. What it is asked is the owner's. The keeper's thread runs the
// rounds; the lock guards what other threads tell it.
//
//     sleeps ─ the next round is due, or called ─► a round ─► sleeps …
//        └─ it is not wanted: until it is
#include "access/keeper.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"

struct keeper {
    struct keeper_options options; // fixed
    struct store_conn *conn;       // owned; the thread's, as the next; NULL: not connected
    bool has_failed;               // the last time
    atomic_bool is_ending;         // the thread has to end; set under the lock, and interrupts statements
    bool is_running;               // the thread exists; the owner's
    pthread_t thread;              // valid while is_running
    pthread_mutex_t lock;          // guards what follows
    pthread_cond_t change;         // signalled when the thread has something to look at
    pthread_cond_t progress;       // broadcast when a round has ended, and when the thread has to end
    bool is_wanted;                //
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
    *ret_keeper = keeper;
    return ERR_NONE;
}

void keeper_free(struct keeper *keeper)
{
    if (keeper == NULL)
        return;
    keeper_end(keeper);
    pthread_cond_destroy(&keeper->progress);
    pthread_cond_destroy(&keeper->change);
    pthread_mutex_destroy(&keeper->lock);
    mem_free(keeper);
}

// --- rounds

static bool is_ending(const struct keeper *keeper)
{
    return atomic_load_explicit(&keeper->is_ending, memory_order_relaxed);
}

static enum err_code connect(struct keeper *keeper, struct err *err)
{
    if (keeper->conn != NULL)
        return ERR_NONE;
    enum err_code code = store_connect(keeper->options.store, STORE_READ, &keeper->conn, err);
    if (code == ERR_NONE)
        store_interrupt_when(keeper->conn, &keeper->is_ending);
    return code;
}

static void disconnect(struct keeper *keeper)
{
    store_disconnect(keeper->conn);
    keeper->conn = NULL;
}

static void ask(struct keeper *keeper)
{
    const struct keeper_options *options = &keeper->options;
    struct err err = {0};
    enum err_code code = connect(keeper, &err);
    if (code == ERR_NONE) {
        store_deadline(keeper->conn, clock_monotonic_ns() + options->patience_ms * NS_PER_MS);
        code = options->ask(options->ctx, keeper->conn, &err);
        if (code != ERR_NONE)
            store_rollback(keeper->conn);
    }
    bool has_failed = code != ERR_NONE;
    if (has_failed && is_ending(keeper))
        return; // it was interrupted
    if (has_failed != keeper->has_failed)
        options->tell(options->ctx, has_failed ? &err : NULL);
    keeper->has_failed = has_failed;
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

// Runs one. Tells whether it is wanted. Under the lock, which is given up meanwhile.
static bool call_round(struct keeper *keeper)
{
    bool is_wanted = keeper->is_wanted;
    uint64_t called = keeper->called;
    pthread_mutex_unlock(&keeper->lock);
    if (is_wanted)
        ask(keeper);
    else
        disconnect(keeper);
    pthread_mutex_lock(&keeper->lock);
    keeper->done = called;
    pthread_cond_broadcast(&keeper->progress);
    answer(keeper, called);
    return is_wanted;
}

static void *run(void *arg)
{
    struct keeper *keeper = arg;
    uint64_t due_ns = UINT64_MAX; // when the next round begins; UINT64_MAX: it is not wanted
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
    disconnect(keeper);
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

void keeper_want(struct keeper *keeper, bool is_wanted)
{
    pthread_mutex_lock(&keeper->lock);
    if (keeper->is_wanted != is_wanted) {
        keeper->is_wanted = is_wanted;
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
