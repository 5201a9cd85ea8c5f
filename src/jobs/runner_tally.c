// SPDX-License-Identifier: Apache-2.0
// The runner's thread writes; metrics, pages and the lease's renewal read.
#include "jobs/runner_tally.h"

void runner_tally_init(struct runner_tally *tally)
{
    *tally = (struct runner_tally){0};
    pthread_mutex_init(&tally->lock, NULL);
}

void runner_tally_fini(struct runner_tally *tally)
{
    pthread_mutex_destroy(&tally->lock);
}

struct runner_stats runner_tally_read(struct runner_tally *tally)
{
    pthread_mutex_lock(&tally->lock);
    struct runner_stats stats = tally->stats;
    pthread_mutex_unlock(&tally->lock);
    return stats;
}

void runner_tally_look(struct runner_tally *tally, const struct job_queue *queue, int64_t now_ms)
{
    pthread_mutex_lock(&tally->lock);
    tally->stats.queue = *queue;
    tally->stats.now_ms = now_ms;
    pthread_mutex_unlock(&tally->lock);
}

void runner_tally_set_job(struct runner_tally *tally, int64_t number)
{
    pthread_mutex_lock(&tally->lock);
    tally->stats.number = number;
    tally->stats.rows = 0;
    pthread_mutex_unlock(&tally->lock);
}

void runner_tally_set_rows(struct runner_tally *tally, uint64_t rows)
{
    pthread_mutex_lock(&tally->lock);
    tally->stats.rows = rows;
    pthread_mutex_unlock(&tally->lock);
}

void runner_tally_count(struct runner_tally *tally, enum job_state state)
{
    pthread_mutex_lock(&tally->lock);
    tally->stats.outcomes[state]++;
    pthread_mutex_unlock(&tally->lock);
}

void runner_tally_time(struct runner_tally *tally, uint64_t took_ms)
{
    pthread_mutex_lock(&tally->lock);
    uint64_t mean_ms = tally->stats.job_ms;
    tally->stats.job_ms = mean_ms == 0 ? took_ms + 1 : (mean_ms * 7 + took_ms) / 8 + 1;
    pthread_mutex_unlock(&tally->lock);
}
