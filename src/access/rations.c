// SPDX-License-Identifier: Apache-2.0
// Rounds: those who wait are answered together (ration_round.c), and what accounts have left of rations that
// are over is settled with that; where the store is not shared, a round saves (account_save.c).
//
//     sleeps ─ somebody waits, or the time has come ─► a round ─► sleeps …
#include "access/rations.h"

#include <pthread.h>

#include "access/account_save.h"
#include "access/quota_store.h"
#include "access/ration_round.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"

enum {
    TICK_MS = LIMIT_RATION_MS / 4, // from the end of a ration to its settling, at most
    PRUNE_MS = 600000,             // from one pruning to the next, unless the options say otherwise
    PRUNE_AGE_S = 3600,            // of what is pruned: clocks of nodes may differ
};

struct rations {
    struct rations_options options; // fixed
    struct store_conn *conn;        // owned; the thread's, as all up to the lock
    struct store_stmt *exchange;    // owned; NULL: not shared
    bool has_failed;                // the last time
    bool has_more;                  // there are rations that are not over
    uint64_t due_ns;                // monotonic: when to settle or to save
    uint64_t prune_ns;              // likewise: to prune
    pthread_t thread;               // valid while is_running
    bool is_running;                // the owner's
    pthread_mutex_t lock;           // guards what follows
    pthread_cond_t change;          // signalled when the thread has something to look at
    bool is_ending;                 // it has to end
    struct ration_wait *first;      // who waits, in order; NULL: nobody
    struct ration_wait *last;       //
};

// --- rounds

static void answer(struct ration_wait *waits, enum err_code failure)
{
    for (struct ration_wait *next; waits != NULL; waits = next) {
        next = waits->next;
        waits->failure = failure;
        waits->on_answer(waits);
    }
}

// Adds what accounts have of rations that are over, or of all.
static void settle(struct rations *rations, struct ration_round *round, bool is_all, int64_t now_ns)
{
    const struct rations_options *options = &rations->options;
    struct account *account = accounts_take_listed(options->accounts, options->service);
    rations->has_more = false;
    for (struct account *next; account != NULL; account = next) {
        bool has_more;
        next = account_unlist(account);
        ration_round_settle(round, account, is_all, now_ns, &has_more);
        if (has_more)
            account_list(account);
        rations->has_more = rations->has_more || has_more;
        account_unref(account);
    }
}

// Takes those from *waits that have a place, and returns them; *waits is what is left.
static struct ration_wait *take_waits(struct ration_round *round, struct ration_wait **waits, int64_t now_ns)
{
    struct ration_wait *taken = *waits, **end = waits;
    while (*end != NULL && ration_round_want(round, (*end)->account, (*end)->quota, (*end)->wants, now_ns))
        end = &(*end)->next;
    struct ration_wait *left = *end;
    *end = NULL;
    if (left == taken)
        taken = NULL;
    *waits = left;
    return taken;
}

static enum err_code ask(struct rations *rations, struct ration_round *round, struct err *err)
{
    if (round->count == 0)
        return ERR_NONE;
    enum err_code code = store_is_there(rations->options.store, err);
    store_deadline(rations->conn, clock_monotonic_ns() + LIMIT_RATION_WAIT_MS * NS_PER_MS);
    if (code == ERR_NONE)
        code = ration_round_ask(round, rations->conn, rations->exchange, err);
    store_deadline(rations->conn, 0);
    return code;
}

// Answers those who wait, as many as one question has room for, and returns the others. `is_last`: of what
// accounts have, all is settled that it has room for; has_more tells whether there is more.
static struct ration_wait *exchange(
    struct rations *rations, struct ration_wait *waits, bool is_due, bool is_last, struct err *err)
{
    struct ration_round round;
    int64_t now_ns = (int64_t)clock_monotonic_ns();
    if (ration_round_init(&round, err) != ERR_NONE) {
        answer(waits, err->code);
        return NULL;
    }
    struct ration_wait *taken = take_waits(&round, &waits, now_ns);
    if (taken == NULL && waits != NULL) { // an empty round has room for any of them
        answer(waits, err_no_memory(err));
        waits = NULL;
    }
    if (is_due)
        settle(rations, &round, is_last, now_ns);
    if (is_last && rations->has_more && round.count == 0)
        (void)err_no_memory(err); // likewise
    else if (round.count > 0)
        rations->has_more = true;
    enum err_code code = ask(rations, &round, err);
    ration_round_fini(&round);
    answer(taken, code);
    return waits;
}

// Tells of the first failure, and of the first success behind it.
static void tell(struct rations *rations, const struct err *err)
{
    const struct rations_options *options = &rations->options;
    bool has_failed = err->code != ERR_NONE;
    if (has_failed != rations->has_failed)
        options->tell(options->ctx, options->service, has_failed ? err : NULL);
    rations->has_failed = has_failed;
}

static void prune(struct rations *rations, uint64_t now_ns, struct err *err)
{
    int64_t wall_ns = (clock_wall_ms() - PRUNE_AGE_S * 1000) * (int64_t)NS_PER_MS;
    if (now_ns < rations->prune_ns)
        return;
    rations->prune_ns = now_ns + rations->options.prune_ms * NS_PER_MS;
    // Those who ask meanwhile wait no longer than for the database.
    store_deadline(rations->conn, now_ns + LIMIT_RATION_WAIT_MS * NS_PER_MS);
    (void)!quota_store_prune(rations->conn, wall_ns, err);
    store_deadline(rations->conn, 0);
}

static void run_shared(
    struct rations *rations, struct ration_wait *waits, bool is_due, bool is_last, struct err *err)
{
    waits = exchange(rations, waits, is_due, is_last, err);
    while (waits != NULL)
        waits = exchange(rations, waits, false, false, err);
    while (is_last && rations->has_more && err->code == ERR_NONE)
        (void)exchange(rations, NULL, is_due, is_last, err);
}

static void run_alone(struct rations *rations, bool is_due, struct err *err)
{
    const struct rations_options *options = &rations->options;
    if (is_due)
        (void)!account_save(options->accounts, options->service, rations->conn, err);
}

static void run_round(struct rations *rations, struct ration_wait *waits, bool is_last)
{
    struct err err = {0};
    bool is_due = is_last || clock_monotonic_ns() >= rations->due_ns;
    if (rations->options.is_shared)
        run_shared(rations, waits, is_due, is_last, &err);
    else
        run_alone(rations, is_due, &err);
    uint64_t now_ns = clock_monotonic_ns();
    if (is_due && err.code == ERR_NONE)
        prune(rations, now_ns, &err);
    if (!is_last)
        tell(rations, &err);
    uint64_t due_ns = now_ns + (rations->has_more ? TICK_MS : LIMIT_QUOTA_SAVE_MS) * NS_PER_MS;
    if (is_due || due_ns < rations->due_ns)
        rations->due_ns = due_ns;
}

static void *run(void *arg)
{
    struct rations *rations = arg;
    pthread_mutex_lock(&rations->lock);
    while (!rations->is_ending || rations->first != NULL) {
        if (rations->first == NULL && clock_monotonic_ns() < rations->due_ns) {
            (void)cond_wait_until(&rations->change, &rations->lock, rations->due_ns);
            continue;
        }
        struct ration_wait *waits = rations->first;
        rations->first = rations->last = NULL;
        pthread_mutex_unlock(&rations->lock);
        run_round(rations, waits, false);
        pthread_mutex_lock(&rations->lock);
    }
    pthread_mutex_unlock(&rations->lock);
    run_round(rations, NULL, true);
    return NULL;
}

// --- life

static enum err_code open_store(struct rations *rations, struct err *err)
{
    const struct rations_options *options = &rations->options;
    enum err_code code = store_connect(options->store, STORE_WRITE, &rations->conn, err);
    if (code == ERR_NONE)
        code = quota_store_make(rations->conn, err);
    if (code == ERR_NONE && options->is_shared)
        code = quota_store_prepare(rations->conn, &rations->exchange, err);
    else if (code == ERR_NONE)
        code = account_load(options->accounts, options->service, rations->conn, err);
    return code;
}

enum err_code rations_new(
    const struct rations_options *options, struct rations **ret_rations, struct err *err)
{
    struct rations *rations = mem_zalloc(1, sizeof(*rations));
    if (rations == NULL)
        return err_no_memory(err);
    rations->options = *options;
    if (options->prune_ms == 0)
        rations->options.prune_ms = PRUNE_MS;
    pthread_mutex_init(&rations->lock, NULL);
    cond_init(&rations->change);
    rations->due_ns = clock_monotonic_ns() + LIMIT_QUOTA_SAVE_MS * NS_PER_MS;
    enum err_code code = open_store(rations, err);
    if (code == ERR_NONE)
        code = thread_start(run, rations, &rations->thread, err);
    if (code != ERR_NONE) {
        rations_free(rations);
        return code;
    }
    rations->is_running = true;
    *ret_rations = rations;
    return ERR_NONE;
}

void rations_ask(struct rations *rations, struct ration_wait *wait)
{
    wait->next = NULL;
    pthread_mutex_lock(&rations->lock);
    if (rations->last != NULL)
        rations->last->next = wait;
    else
        rations->first = wait;
    rations->last = wait;
    pthread_cond_signal(&rations->change);
    pthread_mutex_unlock(&rations->lock);
}

void rations_free(struct rations *rations)
{
    if (rations == NULL)
        return;
    if (rations->is_running) {
        pthread_mutex_lock(&rations->lock);
        rations->is_ending = true;
        pthread_cond_signal(&rations->change);
        pthread_mutex_unlock(&rations->lock);
        pthread_join(rations->thread, NULL);
    }
    store_finalize(rations->exchange);
    store_disconnect(rations->conn);
    pthread_cond_destroy(&rations->change);
    pthread_mutex_destroy(&rations->lock);
    mem_free(rations);
}
