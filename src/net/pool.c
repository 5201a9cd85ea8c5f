// SPDX-License-Identifier: Apache-2.0
// One list of tasks under one lock; any thread submits, the pool's own threads run. A thread is woken for a
// new task only when one sleeps and none is being woken already: tasks mostly come in bursts, and to wake a
// thread costs more than to run many of them. A thread that wakes up wakes the next one if there is still
// work, so a long burst gets as many threads as it can use, and a short one gets one.
#include "net/pool.h"

#include <pthread.h>

#include "base/mem.h"
#include "base/thread.h"

// One thread, and what it hands to the tasks it runs.
struct worker {
    struct pool *pool; // the pool it belongs to
    void *state;       // borrowed from the pool's maker
    pthread_t thread;  // joined by pool_free
};

struct pool {
    pthread_mutex_t lock;    // guards all down to `ending`
    pthread_cond_t wake;     // signalled for a new task, broadcast at the end
    struct task *first;      // oldest waiting task
    struct task **last_next; // where the next task is linked in
    size_t queued;           // waiting tasks
    size_t sleeping;         // threads in pthread_cond_wait
    bool waking;             // one of them was signalled and has not come up yet
    bool ending;             // pool_free was called: no new tasks

    size_t max_queued;       // fixed
    size_t threads;          // threads started
    struct worker workers[]; // one a thread
};

// The oldest task, or NULL. Under the lock.
static struct task *pop(struct pool *pool)
{
    struct task *task = pool->first;
    if (task == NULL)
        return NULL;
    pool->first = task->next;
    if (pool->first == NULL)
        pool->last_next = &pool->first;
    pool->queued--;
    return task;
}

// Whether a sleeping thread has to be signalled, which the caller then does. Under the lock.
static bool must_wake(struct pool *pool)
{
    if (pool->queued == 0 || pool->sleeping == 0 || pool->waking)
        return false;
    pool->waking = true;
    return true;
}

// The next task, for which it waits; NULL when the pool ends and nothing is queued any more.
static struct task *wait_for_task(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct task *task = pop(pool);
    while (task == NULL && !pool->ending) {
        pool->sleeping++;
        pthread_cond_wait(&pool->wake, &pool->lock);
        pool->sleeping--;
        pool->waking = false;
        task = pop(pool);
    }
    bool wake = must_wake(pool);
    pthread_mutex_unlock(&pool->lock);
    if (wake)
        pthread_cond_signal(&pool->wake);
    return task;
}

static void *run(void *arg)
{
    struct worker *worker = arg;
    struct task *task;
    while ((task = wait_for_task(worker->pool)) != NULL)
        task->run(task, worker->state);
    return NULL;
}

enum err_code pool_new(
    size_t threads, void *const *workers, size_t max_queued, struct pool **ret_pool, struct err *err)
{
    struct pool *pool = mem_zalloc(1, sizeof(*pool) + threads * sizeof(pool->workers[0]));
    if (pool == NULL)
        return err_no_memory(err);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->last_next = &pool->first;
    pool->max_queued = max_queued;
    for (size_t i = 0; i < threads; i++) {
        struct worker *worker = &pool->workers[i];
        worker->pool = pool;
        worker->state = workers != NULL ? workers[i] : NULL;
        enum err_code code = thread_start(run, worker, &worker->thread, err);
        if (code != ERR_NONE) {
            pool_free(pool);
            return code;
        }
        pool->threads++;
    }
    *ret_pool = pool;
    return ERR_NONE;
}

bool pool_submit(struct pool *pool, struct task *task)
{
    pthread_mutex_lock(&pool->lock);
    bool room = !pool->ending && pool->queued < pool->max_queued;
    if (room) {
        task->next = NULL;
        *pool->last_next = task;
        pool->last_next = &task->next;
        pool->queued++;
    }
    bool wake = must_wake(pool);
    pthread_mutex_unlock(&pool->lock);
    if (wake)
        pthread_cond_signal(&pool->wake);
    return room;
}

struct task *pool_take(struct pool *pool, bool (*wants)(void *ctx, struct task *next), void *ctx)
{
    pthread_mutex_lock(&pool->lock);
    bool wanted = pool->queued > pool->sleeping && (wants == NULL || wants(ctx, pool->first));
    struct task *task = wanted ? pop(pool) : NULL;
    pthread_mutex_unlock(&pool->lock);
    return task;
}

size_t pool_queued(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    size_t queued = pool->queued;
    pthread_mutex_unlock(&pool->lock);
    return queued;
}

void pool_free(struct pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->threads; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    mem_free(pool);
}
