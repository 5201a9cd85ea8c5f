// SPDX-License-Identifier: Apache-2.0
// Of a lease that is lost meanwhile the next take hears. One that cannot be let go of has its end.
#include "jobs/lease_keeper.h"

#include "base/clock.h"
#include "base/limits.h"

// --- putting its end off

static enum err_code hold(void *ctx, struct own_statements *own, struct err *err)
{
    struct lease_keeper *keeper = ctx;
    struct runner_stats stats = runner_tally_read(keeper->tally);
    struct job_lease_work work = {.job = stats.number, .rows = (int64_t)stats.rows};
    int64_t now_ms;
    bool ignored;
    enum err_code code = own_now_ms(own, &now_ms, err);
    return code == ERR_NONE ? job_lease_hold(&keeper->lease, own, now_ms, &work, &ignored, err) : code;
}

static void on_renewed(struct desk_change *change)
{
    struct lease_keeper *keeper = CONTAINER_OF(change, struct lease_keeper, renewal);
    pthread_mutex_lock(&keeper->lock);
    keeper->is_renewing = false;
    pthread_cond_broadcast(&keeper->renewed);
    pthread_mutex_unlock(&keeper->lock);
}

void lease_keeper_renew(struct lease_keeper *keeper, uint64_t now_ns)
{
    if (!keeper->has_row || now_ns - keeper->renewed_ns < LIMIT_JOB_LEASE_MS / 3 * NS_PER_MS)
        return;
    pthread_mutex_lock(&keeper->lock);
    bool sends = !keeper->is_renewing;
    keeper->is_renewing = true;
    pthread_mutex_unlock(&keeper->lock);
    keeper->renewed_ns = now_ns;
    if (!sends)
        return;
    keeper->renewal = (struct desk_change){.make = hold, .ctx = keeper, .on_done = on_renewed};
    if (!desk_change_send(keeper->desk, &keeper->renewal))
        on_renewed(&keeper->renewal);
}

void lease_keeper_settle(struct lease_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    while (keeper->is_renewing)
        pthread_cond_wait(&keeper->renewed, &keeper->lock);
    pthread_mutex_unlock(&keeper->lock);
}

// --- taking it, and letting go

enum err_code lease_keeper_take(struct lease_keeper *keeper, struct own_statements *own, int64_t now_ms,
    bool *ret_is_ours, struct err *err)
{
    const struct job_lease_work none = {0};
    return job_lease_hold(&keeper->lease, own, now_ms, &none, ret_is_ours, err);
}

void lease_keeper_note(struct lease_keeper *keeper, bool is_ours)
{
    keeper->has_row = is_ours && !job_lease_is_file(&keeper->lease);
    keeper->renewed_ns = clock_monotonic_ns();
}

void lease_keeper_note_failure(struct lease_keeper *keeper)
{
    keeper->has_row = false; // who knows
}

bool lease_keeper_drop(struct lease_keeper *keeper)
{
    struct err ignored = {0};
    bool has_row = keeper->has_row;
    if (job_lease_is_locked(&keeper->lease))
        (void)!job_lease_let_go(&keeper->lease, NULL, &ignored);
    keeper->has_row = false;
    if (has_row)
        lease_keeper_settle(keeper);
    return has_row;
}

enum err_code lease_keeper_drop_row(void *ctx, struct own_statements *own, struct err *err)
{
    struct lease_keeper *keeper = ctx;
    return job_lease_let_go(&keeper->lease, own, err);
}

// --- life

enum err_code lease_keeper_init(struct lease_keeper *keeper, const struct store *store, struct desk *desk,
    struct runner_tally *tally, struct err *err)
{
    *keeper = (struct lease_keeper){.desk = desk, .tally = tally};
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_cond_init(&keeper->renewed, NULL);
    return job_lease_init(&keeper->lease, store, err);
}

void lease_keeper_fini(struct lease_keeper *keeper)
{
    job_lease_fini(&keeper->lease);
    pthread_cond_destroy(&keeper->renewed);
    pthread_mutex_destroy(&keeper->lock);
}
