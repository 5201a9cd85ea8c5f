// SPDX-License-Identifier: Apache-2.0
// One list of tasks under one lock; any thread submits, the pool's own threads run. A thread is woken for a
// new task only when one sleeps and none is being woken already: tasks mostly come in bursts, and to wake a
// thread costs more than to run many of them. A thread that wakes up wakes the next one if there is still
// work, so a long burst gets as many threads as it can use, and a short one gets one. The threads' states are
// net/crew.c's.
#include "net/pool.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/crew.h"

struct pool {
    struct crew *crew; // owned; its lock guards what follows
    struct task_list queue;
    size_t max_queued; //
    size_t refused;    // since the start
    uint64_t taken;    // tasks that workers have taken along since the last run ended
    uint64_t mean_ns;  // between the ends of two tasks, when all threads run; 0: not known
};

// The worker to wake, if one is needed.
static struct worker *claim(struct pool *pool)
{
    struct crew *crew = pool->crew;
    bool is_needed = pool->queue.count > 0 && crew->in[WORKER_CLAIMED] == 0;
    return is_needed && crew->idle != NULL ? crew_claim_idle(crew) : NULL;
}

// A run has ended that began then: what each of its tasks was worth, with those that it has taken along.
static void learn_mean(struct pool *pool, uint64_t start_ns)
{
    uint64_t ns = (clock_monotonic_ns() - start_ns) / (pool->taken + 1) / pool->crew->size;
    pool->mean_ns = pool->mean_ns == 0 ? ns : (3 * pool->mean_ns + ns) / 4;
    pool->taken = 0;
}

static void *run(void *arg)
{
    struct worker *worker = arg;
    struct crew *crew = worker->crew;
    struct pool *pool = crew->pool;
    pthread_mutex_lock(&crew->lock);
    for (;;) {
        struct task *task = pool->queue.first;
        if (task == NULL && crew->is_ending)
            break;
        if (task == NULL) {
            worker_sleep(worker);
            continue;
        }
        task_list_remove(&pool->queue, task);
        worker_move(worker, WORKER_QUICK);
        uint64_t start_ns = clock_monotonic_ns();
        crew_unlock(crew, claim(pool));
        task->run(task, worker->handles);
        pthread_mutex_lock(&crew->lock);
        worker_move(worker, WORKER_AWAKE);
        learn_mean(pool, start_ns);
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

enum err_code pool_new(
    size_t threads, void *const *handles, size_t max_queued, struct pool **ret_pool, struct err *err)
{
    struct pool *pool = mem_zalloc(1, sizeof(*pool));
    if (pool == NULL)
        return err_no_memory(err);
    pool->max_queued = max_queued;
    enum err_code code = crew_new(threads, handles, pool, &pool->crew, err);
    if (code == ERR_NONE)
        code = crew_start(pool->crew, run, err);
    if (code == ERR_NONE)
        *ret_pool = pool;
    else
        pool_free(pool);
    return code;
}

bool pool_submit(struct pool *pool, struct task *task)
{
    struct crew *crew = pool->crew;
    task->retry_s = 1;
    pthread_mutex_lock(&crew->lock);
    bool has_room = pool->queue.count < pool->max_queued, is_queued = has_room && !crew->is_ending;
    if (is_queued)
        task_list_add(&pool->queue, task);
    else if (!crew->is_ending)
        task->retry_s = task_retry_s(pool->queue.count * pool->mean_ns);
    pool->refused += !is_queued && !crew->is_ending;
    crew_unlock(crew, claim(pool));
    return is_queued;
}

struct task *pool_take(struct pool *pool, bool (*wants)(void *ctx, struct task *next), void *ctx)
{
    struct crew *crew = pool->crew;
    pthread_mutex_lock(&crew->lock);
    struct task *task = pool->queue.first;
    bool is_left = pool->queue.count > crew->size - crew->in[WORKER_QUICK];
    bool is_wanted = is_left && (wants == NULL || wants(ctx, task));
    if (is_wanted) {
        task_list_remove(&pool->queue, task);
        pool->taken++;
    }
    pthread_mutex_unlock(&crew->lock);
    return is_wanted ? task : NULL;
}

void pool_set_max_queued(struct pool *pool, size_t max_queued)
{
    pthread_mutex_lock(&pool->crew->lock);
    pool->max_queued = max_queued;
    pthread_mutex_unlock(&pool->crew->lock);
}

size_t pool_queued(struct pool *pool)
{
    pthread_mutex_lock(&pool->crew->lock);
    size_t queued = pool->queue.count;
    pthread_mutex_unlock(&pool->crew->lock);
    return queued;
}

struct pool_stats pool_stats(struct pool *pool)
{
    struct crew *crew = pool->crew;
    pthread_mutex_lock(&crew->lock);
    struct pool_stats stats = {.places = crew->size,
        .places_taken = crew->in[WORKER_QUICK],
        .queued = pool->queue.count,
        .max_queued = pool->max_queued,
        .refused = pool->refused,
        .oldest_ns = pool->queue.first != NULL ? pool->queue.first->came_ns : 0};
    pthread_mutex_unlock(&crew->lock);
    return stats;
}

void pool_free(struct pool *pool)
{
    if (pool == NULL)
        return;
    crew_free(pool->crew);
    mem_free(pool);
}
