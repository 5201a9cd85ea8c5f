// SPDX-License-Identifier: Apache-2.0
// A pool with more threads than places. A task takes a place, unless its share is known as long: then it
// takes one of its share's. While tasks wait for places, one of the threads that sleep is the lookout: it
// finds the tasks that run for too long (which costs those that do not nothing), gives their places to
// others, and refuses what waits for too long. It knows the moment at which it has to look again. Threads are
// woken as in net/pool.c, and their states are net/crew.c's; what waits, and in what order, is
// net/share_queue.c's. All of it is under the crew's one lock.
#include "net/shared_pool.h"

#include <assert.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "net/crew.h"
#include "net/share_queue.h"

// What a worker runs. Its state tells whether the task has a place or is long.
struct run {
    struct share *share;       // for which the worker's time counts; NULL: the task has none
    struct share_group *group; // likewise
    uint64_t since_ns;         // about when a long task began
    uint64_t number;           // of the run, counted by the worker
    uint64_t seen_number;      // the same when the lookout saw it last with another task …
    uint64_t seen_ns;          // … and when that was
};

struct shared_pool {
    struct crew *crew; // owned; its lock guards what follows, down to done_ns
    struct share_queue queue;
    bool may_start_long; // one of the shares in which tasks wait may have room
    bool is_watched;     // the lookout looks for long tasks, and not only for what waits
    uint64_t done;       // quick tasks since …
    uint64_t done_ns;    // … this look
    size_t places;       // fixed, as all below
    size_t max_long;     //
    struct run runs[];   // of each worker
};

static _Thread_local struct worker *current; // on a pool's thread

static struct run *run_of(struct shared_pool *pool, const struct worker *worker)
{
    return &pool->runs[worker->number];
}

// --- room

static bool may_start_long(const struct shared_pool *pool)
{
    return pool->may_start_long || pool->crew->is_ending;
}

static bool may_run_more_long(const struct shared_pool *pool)
{
    return pool->crew->in[WORKER_LONG] < pool->max_long;
}

static bool has_long_room(
    const struct shared_pool *pool, const struct share *share, const struct share_group *group)
{
    return pool->crew->is_ending || (may_run_more_long(pool) && share_has_room(share, group, pool->places));
}

static bool has_place(const struct shared_pool *pool)
{
    return pool->crew->in[WORKER_QUICK] < pool->places || pool->crew->is_ending;
}

// Whether a thread that wakes up may find something to run.
static bool can_start(const struct shared_pool *pool)
{
    const struct share_queue *queue = &pool->queue;
    return (queue->quick.count > 0 && has_place(pool)) || (queue->shares != NULL && may_start_long(pool));
}

// Whether giving away the places of long tasks would help.
static bool needs_places(const struct shared_pool *pool)
{
    return pool->queue.quick.count > 0 && !has_place(pool) && may_run_more_long(pool);
}

// --- waking

static bool needs_lookout(const struct shared_pool *pool)
{
    const struct share_queue *queue = &pool->queue;
    return pool->crew->lookout == NULL && (queue->quick.count > 0 || queue->shares != NULL);
}

// The worker to wake, if one is needed.
static struct worker *claim(struct shared_pool *pool)
{
    struct crew *crew = pool->crew;
    struct worker *lookout = crew->lookout;
    bool starts = can_start(pool), looks = needs_places(pool) && !(lookout != NULL && pool->is_watched);
    if (crew->in[WORKER_CLAIMED] > 0 || !(starts || looks))
        return NULL;
    if (crew->idle != NULL && (starts || lookout == NULL))
        return crew_claim_idle(crew);
    if (lookout != NULL)
        worker_move(lookout, WORKER_CLAIMED);
    return lookout;
}

// Ends the lock, wakes the thread that was claimed, and refuses what is to be refused.
static void unlock(struct shared_pool *pool, struct worker *claimed)
{
    struct task *aside = share_queue_take_aside(&pool->queue);
    crew_unlock(pool->crew, claimed);
    share_queue_refuse(aside);
}

// --- runs

static void counts_for(struct run *run, const struct task *task)
{
    run->share = task->share;
    run->group = task->group;
}

static void make_share_long(struct shared_pool *pool, struct share *share, const struct share_group *group)
{
    if (share->is_long)
        return;
    share_queue_make_long(&pool->queue, share, has_long_room(pool, share, group));
    if (share->waiting.count > 0)
        pool->may_start_long = true;
}

static void begin_quick(struct shared_pool *pool, struct worker *worker, const struct task *task)
{
    worker_move(worker, WORKER_QUICK);
    counts_for(run_of(pool, worker), task);
    run_of(pool, worker)->number++;
}

static void begin_long(struct shared_pool *pool, struct worker *worker, const struct task *task)
{
    struct run *run = run_of(pool, worker);
    worker_move(worker, WORKER_LONG);
    counts_for(run, task);
    run->number++;
    run->since_ns = clock_monotonic_ns();
    share_begin(run->share, run->group);
}

// The worker's task has turned out to be long, and gives its place back.
static void make_long(struct shared_pool *pool, struct worker *worker)
{
    struct run *run = run_of(pool, worker);
    worker_move(worker, WORKER_LONG);
    run->since_ns = run->seen_ns;
    if (run->share == NULL)
        return;
    share_begin(run->share, run->group);
    make_share_long(pool, run->share, run->group);
}

static void end_long(struct shared_pool *pool, struct worker *worker)
{
    const struct run *run = run_of(pool, worker);
    struct share *share = run->share;
    worker_move(worker, WORKER_AWAKE);
    pool->may_start_long = true;
    if (share == NULL)
        return;
    uint64_t now_ns = clock_monotonic_ns(), ns = now_ns - run->since_ns;
    share_end(share, run->group);
    share_learn(share, ns);
    // While others of it are long it stays long: else each quick one would let some more past its bound.
    if (ns > LIMIT_QUICK_MS * NS_PER_MS)
        make_share_long(pool, share, run->group); // one that a long worker took along was not seen to be long
    else if (share->long_running == 0)
        share_queue_make_quick(&pool->queue, share, now_ns);
}

static void end_run(struct shared_pool *pool, struct worker *worker)
{
    if (worker->state == WORKER_LONG) {
        end_long(pool, worker);
    } else {
        worker_move(worker, WORKER_AWAKE);
        pool->done++;
    }
}

// The time, or 0, at which nobody has waited for long, while no more tasks wait than there are places.
static uint64_t crowded_ns(const struct shared_pool *pool)
{
    return pool->queue.quick.count > pool->places ? clock_monotonic_ns() : 0;
}

static struct task *take_quick(struct shared_pool *pool)
{
    struct share_queue *queue = &pool->queue;
    if (queue->quick.count == 0 || !has_place(pool))
        return NULL;
    uint64_t now_ns = crowded_ns(pool);
    share_queue_refuse_late_quick(queue, now_ns);
    struct task *task = share_queue_next_quick(queue, now_ns);
    if (task != NULL)
        share_queue_take_quick(queue, task);
    return task;
}

// The oldest task of the share whose turn it is. One that is in vain is not run: it would make the share look
// quick.
static struct task *take_long(struct shared_pool *pool)
{
    struct share_queue *queue = &pool->queue;
    for (struct share **at = &queue->shares; *at != NULL;) {
        const struct task *task = (*at)->waiting.first;
        if (!has_long_room(pool, *at, task->group))
            at = &(*at)->next;
        else if (share_queue_is_in_vain(task))
            share_queue_refuse_first(queue, at);
        else
            return share_queue_take_long(queue, at);
    }
    pool->may_start_long = false;
    return NULL;
}

static struct task *pick(struct shared_pool *pool, struct worker *worker)
{
    struct task *task = take_quick(pool);
    if (task != NULL) {
        begin_quick(pool, worker, task);
        return task;
    }
    task = may_start_long(pool) ? take_long(pool) : NULL;
    if (task != NULL)
        begin_long(pool, worker, task);
    return task;
}

// --- the lookout

static void learn_pace(struct shared_pool *pool, uint64_t now_ns)
{
    if (pool->done_ns != 0 && pool->done > 0 && pool->is_watched)
        pool->queue.quick_pace_ns = (now_ns - pool->done_ns) / pool->done;
    pool->done = 0;
    pool->done_ns = now_ns;
}

// Looks at what runs and waits. True when there is something to run or to refuse now.
static bool look(struct shared_pool *pool, uint64_t now_ns)
{
    learn_pace(pool, now_ns);
    for (size_t i = 0; i < pool->crew->size; i++) {
        struct run *run = &pool->runs[i];
        if (pool->crew->workers[i].state != WORKER_QUICK)
            continue;
        if (run->seen_number != run->number) {
            run->seen_number = run->number;
            run->seen_ns = now_ns;
        } else if (needs_places(pool) && now_ns - run->seen_ns >= LIMIT_QUICK_MS * NS_PER_MS) {
            make_long(pool, &pool->crew->workers[i]);
        }
    }
    share_queue_refuse_late(&pool->queue, now_ns);
    return can_start(pool) || pool->queue.aside.count > 0;
}

// When there will be something to do for the lookout.
static uint64_t next_look_ns(const struct shared_pool *pool)
{
    uint64_t at_ns = share_queue_late_ns(&pool->queue);
    for (size_t i = 0; i < pool->crew->size && needs_places(pool); i++) {
        uint64_t long_ns = pool->runs[i].seen_ns + LIMIT_QUICK_MS * NS_PER_MS;
        if (pool->crew->workers[i].state == WORKER_QUICK && long_ns < at_ns)
            at_ns = long_ns;
    }
    return at_ns;
}

static void look_out(struct shared_pool *pool, struct worker *worker)
{
    if (look(pool, clock_monotonic_ns()))
        return;
    pool->is_watched = needs_places(pool);
    worker_look_out(worker, next_look_ns(pool));
}

// --- the threads

static void rest(struct shared_pool *pool, struct worker *worker)
{
    if (pool->queue.aside.count > 0) { // by the thread itself, or the lookout that it was
        unlock(pool, claim(pool));
        pthread_mutex_lock(&pool->crew->lock);
        return;
    }
    if (needs_lookout(pool))
        look_out(pool, worker);
    else
        worker_sleep(worker);
}

static void *run_tasks(void *arg)
{
    struct worker *worker = current = arg;
    struct shared_pool *pool = worker->crew->pool;
    pthread_mutex_lock(&pool->crew->lock);
    for (;;) {
        struct task *task = pick(pool, worker);
        if (task == NULL && pool->crew->is_ending)
            break;
        if (task == NULL) {
            rest(pool, worker);
            continue;
        }
        unlock(pool, claim(pool));
        task->run(task, worker->handles);
        pthread_mutex_lock(&pool->crew->lock);
        end_run(pool, worker);
    }
    unlock(pool, NULL);
    return NULL;
}

// --- the pool

size_t shared_pool_threads(size_t places)
{
    return places + LIMIT_LONG_APP * places + LIMIT_LONG_SPARE;
}

enum err_code shared_pool_new(
    size_t places, void *const *handles, size_t max_queued, struct shared_pool **ret_pool, struct err *err)
{
    size_t threads = shared_pool_threads(places);
    struct shared_pool *pool = mem_zalloc(1, sizeof(*pool) + threads * sizeof(pool->runs[0]));
    if (pool == NULL)
        return err_no_memory(err);
    pool->places = pool->queue.places = places;
    pool->max_long = threads - places;
    pool->queue.max_quick = max_queued;
    enum err_code code = crew_new(threads, handles, pool, &pool->crew, err);
    if (code == ERR_NONE)
        code = crew_start(pool->crew, run_tasks, err);
    if (code == ERR_NONE)
        *ret_pool = pool;
    else
        shared_pool_free(pool);
    return code;
}

static bool add(struct shared_pool *pool, struct task *task)
{
    struct share *share = task->share;
    struct share_queue *queue = &pool->queue;
    if (share == NULL || !share->is_long)
        return share_queue_add_quick(queue, task);
    bool is_queued = share_queue_add_long(queue, task, has_long_room(pool, share, task->group));
    if (!is_queued) {
        share_queue_refuse_in_vain(queue, share);
        is_queued = share_queue_add_long(queue, task, has_long_room(pool, share, task->group));
    }
    pool->may_start_long = pool->may_start_long || is_queued;
    return is_queued;
}

bool shared_pool_submit(struct shared_pool *pool, struct task *task)
{
    assert(task->refuse != NULL || (task->share == NULL && task->is_in_vain == NULL));
    task->retry_s = 1;
    pthread_mutex_lock(&pool->crew->lock);
    bool is_ending = pool->crew->is_ending, is_queued = !is_ending && add(pool, task);
    pool->queue.refused += !is_queued && !is_ending;
    unlock(pool, claim(pool));
    return is_queued;
}

struct task *shared_pool_take(
    struct shared_pool *pool, bool (*wants)(void *ctx, struct task *next), void *ctx)
{
    struct share_queue *queue = &pool->queue;
    pthread_mutex_lock(&pool->crew->lock);
    size_t running = pool->crew->in[WORKER_QUICK], free = pool->places > running ? pool->places - running : 0;
    struct task *task = share_queue_next_quick(queue, crowded_ns(pool));
    bool is_wanted = queue->quick.count > free && (wants == NULL || wants(ctx, task));
    if (is_wanted) {
        share_queue_take_quick(queue, task);
        pool->done++;
    }
    pthread_mutex_unlock(&pool->crew->lock);
    return is_wanted ? task : NULL;
}

void shared_pool_blame(struct shared_pool *pool, const struct task *task)
{
    struct worker *worker = current;
    struct run *run = run_of(pool, worker);
    pthread_mutex_lock(&pool->crew->lock);
    if (worker->state == WORKER_LONG && run->share != task->share) {
        share_end(run->share, run->group);
        if (run->share->long_running == 0) // not it was long
            share_queue_make_quick(&pool->queue, run->share, clock_monotonic_ns());
        share_begin(task->share, task->group);
        make_share_long(pool, task->share, task->group);
        pool->may_start_long = true;
    }
    counts_for(run, task);
    unlock(pool, claim(pool));
}

void shared_pool_next(struct shared_pool *pool, const struct task *task)
{
    struct worker *worker = current;
    pthread_mutex_lock(&pool->crew->lock);
    if (worker->state == WORKER_LONG) {
        end_long(pool, worker);
        begin_long(pool, worker, task);
    } else { // it keeps its place, and the lookout sees that the run is another
        counts_for(run_of(pool, worker), task);
        run_of(pool, worker)->number++;
    }
    unlock(pool, claim(pool));
}

void shared_pool_set_max_queued(struct shared_pool *pool, size_t max_queued)
{
    pthread_mutex_lock(&pool->crew->lock);
    pool->queue.max_quick = max_queued;
    pthread_mutex_unlock(&pool->crew->lock);
}

size_t shared_pool_queued(struct shared_pool *pool)
{
    pthread_mutex_lock(&pool->crew->lock);
    size_t queued = pool->queue.quick.count;
    pthread_mutex_unlock(&pool->crew->lock);
    return queued;
}

struct pool_stats shared_pool_stats(struct shared_pool *pool)
{
    const struct share_queue *queue = &pool->queue;
    pthread_mutex_lock(&pool->crew->lock);
    struct pool_stats stats = {.places = pool->places,
        .places_taken = pool->crew->in[WORKER_QUICK],
        .long_running = pool->crew->in[WORKER_LONG],
        .queued = queue->quick.count,
        .max_queued = queue->max_quick,
        .refused = queue->refused};
    for (const struct share *share = queue->shares; share != NULL; share = share->next)
        stats.long_queued += share->waiting.count;
    if (queue->quick.first != NULL)
        stats.oldest_ns = queue->quick.first->came_ns;
    pthread_mutex_unlock(&pool->crew->lock);
    return stats;
}

void shared_pool_free(struct shared_pool *pool)
{
    if (pool == NULL)
        return;
    crew_free(pool->crew);
    mem_free(pool);
}
