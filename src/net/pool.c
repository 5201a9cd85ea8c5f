// SPDX-License-Identifier: Apache-2.0
// One list of tasks under one lock; any thread submits, the pool's own threads run. A thread is woken for a
// new task only when one sleeps and none is being woken already: tasks mostly come in bursts, and to wake a
// thread costs more than to run many of them. A thread that wakes up wakes the next one if there is still
// work, so a long burst gets as many threads as it can use, and a short one gets one. Of those that sleep the
// first of the pool's workers is woken, so that few of them keep their caches and connections warm, and one
// that could do nothing for want of a connection is not the next one again.
//
// With shares there are more threads than places. A task takes a place, unless its share is known as slow:
// then it takes one of its share's. While tasks wait for places, one of the threads that sleep is the
// lookout: it finds the tasks that run for too long (which costs those that do not nothing), gives their
// places to others, and refuses what waits for too long. It knows the moment at which it has to look again.
#include "net/pool.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"

// One thread, and the task that it runs. Fields below `thread` are under the pool's lock.
struct worker {
    struct pool *pool;         // the pool it belongs to
    void *state;               // borrowed from the pool's maker
    pthread_t thread;          // joined by pool_free
    pthread_cond_t wake;       // signalled when it is claimed, and at the end
    struct worker *next_idle;  // that sleeps, too; a later one of `workers`
    bool is_claimed;           // by who wakes it; until it has come up
    bool has_place;            // it runs a quick task
    bool is_long;              // it runs a long one
    struct share *share;       // of the task; NULL: it has none
    struct share_group *group; // likewise
    uint64_t since_ns;         // about when the task began; not of a quick one among shares
    uint64_t runs;             // tasks so far
    uint64_t seen_runs;        // the same when the lookout saw it last with another task …
    uint64_t seen_ns;          // … and when that was
};

struct pool {
    pthread_mutex_t lock;    // guards all down to `ending`
    struct task_list quick;  // wait for a place
    struct share *shares;    // those in which tasks wait, in turn
    struct task_list refuse; // taken out, and still to be refused, without the lock
    size_t running;          // places taken
    size_t long_running;     // long tasks
    bool may_start_long;     // one of `shares` may have room
    bool newest_first;       // the quick tasks have waited too long to be of use in order
    struct worker *idle;     // asleep, in the order of `workers`; without the lookout
    struct worker *lookout;  // asleep until the next look; NULL: none is needed
    bool is_watched;         // it looks for long tasks, and not only for what waits
    bool waking;             // a thread was claimed and has not come up yet
    uint64_t done;           // quick tasks since …
    uint64_t done_ns;        // … this look
    uint64_t mean_ns;        // between the ends of two quick ones while they waited; 0: not known
    size_t refused;          // of pool_stats
    bool ending;             // pool_free was called: no new tasks, and all that wait are run

    size_t places;           // fixed, as all below
    size_t max_long;         // 0: without shares
    size_t max_queued;       //
    size_t threads;          // started
    struct worker workers[]; // one a thread
};

static _Thread_local struct worker *current; // on a pool's thread

// --- room

// Whether the share's tasks are mostly quick, and it has only been held up: a thread that gets no processor
// for a while looks long, too.
static bool was_held_up(const struct share *share)
{
    return share->running == 0 && share->mean_ns != 0 && share->mean_ns <= LIMIT_HELD_UP_MS * NS_PER_MS;
}

static bool has_room(const struct pool *pool, const struct share *share, const struct share_group *group)
{
    bool has_part = group->running < LIMIT_LONG_APP * pool->places || was_held_up(share);
    return pool->ending || (pool->long_running < pool->max_long &&
                               share->running < LIMIT_LONG_ENDPOINT * pool->places && has_part);
}

static bool has_place(const struct pool *pool)
{
    return pool->running < pool->places || (pool->ending && pool->max_long > 0);
}

// Whether a thread that wakes up may find something to run.
static bool can_start(const struct pool *pool)
{
    return (pool->quick.count > 0 && has_place(pool)) || (pool->shares != NULL && pool->may_start_long);
}

// Whether giving away the places of long tasks would help.
static bool needs_places(const struct pool *pool)
{
    return pool->quick.count > 0 && !has_place(pool) && pool->long_running < pool->max_long;
}

// --- refusing

static unsigned seconds_of(uint64_t ns)
{
    uint64_t seconds = (ns + NS_PER_S - 1) / NS_PER_S;
    if (seconds > LIMIT_RETRY_AFTER_S)
        return LIMIT_RETRY_AFTER_S;
    return seconds > 0 ? (unsigned)seconds : 1;
}

static uint64_t long_wait_ns(const struct pool *pool, const struct share *share)
{
    return share_wait_ns(share, LIMIT_LONG_ENDPOINT * pool->places);
}

static bool is_in_vain(const struct task *task)
{
    return task->is_in_vain != NULL && atomic_load_explicit(task->is_in_vain, memory_order_relaxed);
}

// Ends the lock, wakes the thread that was claimed, and refuses what is to be refused.
static void unlock(struct pool *pool, struct worker *claimed)
{
    struct task *task = pool->refuse.first;
    for (const struct task *late = task; late != NULL; late = late->next)
        pool->refused += !is_in_vain(late);
    pool->refuse = (struct task_list){0};
    pthread_mutex_unlock(&pool->lock);
    if (claimed != NULL)
        pthread_cond_signal(&claimed->wake);
    while (task != NULL) {
        struct task *next = task->next;
        task->refuse(task);
        task = next;
    }
}

static void take_off_quick(struct pool *pool, struct task *task)
{
    task_list_remove(&pool->quick, task);
    if (task->share != NULL)
        task->share->queued--;
}

static void refuse_quick(struct pool *pool, struct task *task)
{
    task->retry_s = seconds_of(pool->quick.count * pool->mean_ns);
    take_off_quick(pool, task);
    task_list_add(&pool->refuse, task);
}

static void refuse_waiting(struct pool *pool, struct share *share, struct task *task)
{
    task->retry_s = seconds_of(long_wait_ns(pool, share));
    task_list_remove(&share->waiting, task);
    task_list_add(&pool->refuse, task);
}

static bool has_waited(const struct task *task, uint64_t ms, uint64_t now_ns)
{
    return task != NULL && task->refuse != NULL && task->came_ns + ms * NS_PER_MS <= now_ns;
}

static void unlist(struct share **at)
{
    struct share *share = *at;
    *at = share->next;
    share->next = NULL;
}

static void list(struct pool *pool, struct share *share)
{
    struct share **at = &pool->shares;
    while (*at != NULL)
        at = &(*at)->next;
    *at = share;
    share->next = NULL;
}

static void refuse_late(struct pool *pool, uint64_t now_ns)
{
    while (has_waited(pool->quick.first, LIMIT_QUICK_WAIT_MS, now_ns))
        refuse_quick(pool, pool->quick.first);
    for (struct share **at = &pool->shares; *at != NULL;) {
        struct share *share = *at;
        while (has_waited(share->waiting.first, LIMIT_SLOW_WAIT_MS, now_ns))
            refuse_waiting(pool, share, share->waiting.first);
        if (share->waiting.count == 0)
            unlist(at);
        else
            at = &share->next;
    }
}

// --- waiting for a share

// Puts a task among those of its share that wait. False when there is no room for it, or it would wait for
// too long.
static bool wait_for_share(struct pool *pool, struct task *task)
{
    struct share *share = task->share;
    bool is_in_time = share->mean_ns == 0 || long_wait_ns(pool, share) <= LIMIT_SLOW_WAIT_MS * NS_PER_MS;
    if (!has_room(pool, share, task->group) && (share->waiting.count >= LIMIT_SLOW_QUEUE || !is_in_time)) {
        task->retry_s = seconds_of(long_wait_ns(pool, share));
        return false;
    }
    if (share->waiting.count == 0)
        list(pool, share);
    task_list_add(&share->waiting, task);
    pool->may_start_long = true;
    return true;
}

// Takes out those that nobody waits for any more, so that they are not in the way of others.
static void forget_abandoned(struct pool *pool, struct share *share)
{
    struct task *next;
    for (struct task *task = share->waiting.first; task != NULL; task = next) {
        next = task->next;
        if (is_in_vain(task))
            refuse_waiting(pool, share, task);
    }
    struct share **at = &pool->shares;
    while (*at != NULL && *at != share)
        at = &(*at)->next;
    if (share->waiting.count == 0 && *at != NULL)
        unlist(at);
}

// The share's tasks among the quick ones are to wait for it from here on.
static void move_to_share(struct pool *pool, struct share *share)
{
    struct task *next;
    share->is_slow = true;
    for (struct task *task = pool->quick.first; task != NULL && share->queued > 0; task = next) {
        next = task->next;
        if (task->share != share)
            continue;
        take_off_quick(pool, task);
        if (!wait_for_share(pool, task))
            task_list_add(&pool->refuse, task);
    }
}

// The other way round. Among the quick ones they begin to wait anew, as what has waited for as long as slow
// ones may would be refused there at once.
static void move_to_quick(struct pool *pool, struct share *share)
{
    struct task *task;
    uint64_t now_ns = clock_monotonic_ns();
    share->is_slow = false;
    struct share **at = &pool->shares;
    while (*at != NULL && *at != share)
        at = &(*at)->next;
    if (*at != NULL)
        unlist(at);
    while ((task = share->waiting.first) != NULL) {
        task_list_remove(&share->waiting, task);
        task_list_add(&pool->quick, task);
        task->came_ns = now_ns;
        share->queued++;
    }
}

// --- runs

static void counts_for(struct worker *worker, const struct task *task)
{
    worker->share = task->share;
    worker->group = task->group;
}

static void begin_long(struct pool *pool, struct worker *worker, const struct task *task)
{
    counts_for(worker, task);
    worker->is_long = true;
    worker->since_ns = clock_monotonic_ns();
    pool->long_running++;
    worker->share->running++;
    worker->group->running++;
}

static void begin_run(struct pool *pool, struct worker *worker, const struct task *task, bool is_long)
{
    worker->runs++;
    worker->has_place = !is_long;
    if (!is_long) {
        counts_for(worker, task);
        pool->running++;
        if (pool->max_long == 0)
            worker->since_ns = clock_monotonic_ns();
        return;
    }
    begin_long(pool, worker, task);
}

// The worker's task has turned out to be long, and gives its place back.
static void make_long(struct pool *pool, struct worker *worker)
{
    worker->has_place = false;
    worker->is_long = true;
    worker->since_ns = worker->seen_ns;
    pool->running--;
    pool->long_running++;
    struct share *share = worker->share;
    if (share == NULL)
        return;
    share->running++;
    worker->group->running++;
    if (!share->is_slow)
        move_to_share(pool, share);
}

static void end_long(struct pool *pool, struct worker *worker)
{
    struct share *share = worker->share;
    pool->long_running--;
    pool->may_start_long = true;
    if (share == NULL)
        return;
    uint64_t ns = clock_monotonic_ns() - worker->since_ns;
    share->running--;
    worker->group->running--;
    share_learn(share, ns);
    // While others of it are long it stays slow: else each quick one would let some more past its bound.
    if (ns <= LIMIT_QUICK_MS * NS_PER_MS && share->running == 0)
        move_to_quick(pool, share);
}

// Without a lookout: what one run was worth, with the tasks that it has taken along.
static void learn_mean(struct pool *pool, uint64_t run_ns)
{
    uint64_t ns = run_ns / pool->done / pool->places;
    pool->mean_ns = pool->mean_ns == 0 ? ns : (3 * pool->mean_ns + ns) / 4;
    pool->done = 0;
}

static void end_run(struct pool *pool, struct worker *worker)
{
    if (worker->is_long) {
        end_long(pool, worker);
    } else if (worker->has_place) {
        pool->running--;
        pool->done++;
        if (pool->max_long == 0)
            learn_mean(pool, clock_monotonic_ns() - worker->since_ns);
    }
    worker->is_long = worker->has_place = false;
}

// Which of the quick tasks is next: the oldest, or the newest when the oldest ones have waited for so long
// that their clients will give up before their answers come.
static struct task *next_quick(const struct pool *pool)
{
    return pool->newest_first ? pool->quick.last : pool->quick.first;
}

static struct task *take_quick(struct pool *pool)
{
    if (pool->quick.count == 0 || !has_place(pool))
        return NULL;
    pool->newest_first = false;
    if (pool->max_long > 0 && pool->quick.count > pool->places) {
        uint64_t now_ns = clock_monotonic_ns();
        while (has_waited(pool->quick.first, LIMIT_QUICK_WAIT_MS, now_ns))
            refuse_quick(pool, pool->quick.first);
        pool->newest_first = has_waited(pool->quick.first, LIMIT_QUICK_FRESH_MS, now_ns);
    }
    struct task *task = next_quick(pool);
    if (task != NULL)
        take_off_quick(pool, task);
    return task;
}

// The oldest task of the share whose turn it is. One that is in vain is not run: it would make the share look
// quick.
static struct task *take_long(struct pool *pool)
{
    for (struct share **at = &pool->shares; *at != NULL;) {
        struct share *share = *at;
        struct task *task = share->waiting.first;
        if (!has_room(pool, share, task->group)) {
            at = &share->next;
            continue;
        }
        if (is_in_vain(task)) {
            refuse_waiting(pool, share, task);
            if (share->waiting.count == 0)
                unlist(at);
            continue;
        }
        task_list_remove(&share->waiting, task);
        unlist(at);
        if (share->waiting.count > 0)
            list(pool, share);
        return task;
    }
    pool->may_start_long = false;
    return NULL;
}

static struct task *pick(struct pool *pool, struct worker *worker)
{
    struct task *task = take_quick(pool);
    bool is_long = task == NULL;
    if (is_long && pool->may_start_long)
        task = take_long(pool);
    if (task != NULL)
        begin_run(pool, worker, task, is_long);
    return task;
}

// --- the lookout

static void learn_pace(struct pool *pool, uint64_t now_ns)
{
    if (pool->done_ns != 0 && pool->done > 0 && pool->is_watched)
        pool->mean_ns = (now_ns - pool->done_ns) / pool->done;
    pool->done = 0;
    pool->done_ns = now_ns;
}

// Looks at what runs and waits. True when there is something to run or to refuse now.
static bool look(struct pool *pool, uint64_t now_ns)
{
    learn_pace(pool, now_ns);
    for (size_t i = 0; i < pool->threads; i++) {
        struct worker *worker = &pool->workers[i];
        if (!worker->has_place)
            continue;
        if (worker->seen_runs != worker->runs) {
            worker->seen_runs = worker->runs;
            worker->seen_ns = now_ns;
        } else if (needs_places(pool) && now_ns - worker->seen_ns >= LIMIT_QUICK_MS * NS_PER_MS) {
            make_long(pool, worker);
        }
    }
    refuse_late(pool, now_ns);
    return can_start(pool) || pool->refuse.count > 0;
}

static uint64_t sooner(uint64_t at_ns, const struct task *task, uint64_t ms)
{
    if (task == NULL || task->refuse == NULL || task->came_ns + ms * NS_PER_MS >= at_ns)
        return at_ns;
    return task->came_ns + ms * NS_PER_MS;
}

// When there will be something to do for the lookout.
static uint64_t next_look_ns(const struct pool *pool)
{
    uint64_t at_ns = sooner(UINT64_MAX, pool->quick.first, LIMIT_QUICK_WAIT_MS);
    for (const struct share *share = pool->shares; share != NULL; share = share->next)
        at_ns = sooner(at_ns, share->waiting.first, LIMIT_SLOW_WAIT_MS);
    for (size_t i = 0; i < pool->threads && needs_places(pool); i++) {
        uint64_t long_ns = pool->workers[i].seen_ns + LIMIT_QUICK_MS * NS_PER_MS;
        if (pool->workers[i].has_place && long_ns < at_ns)
            at_ns = long_ns;
    }
    return at_ns;
}

static bool needs_lookout(const struct pool *pool)
{
    return pool->lookout == NULL && pool->max_long > 0 && (pool->quick.count > 0 || pool->shares != NULL);
}

static void look_out(struct pool *pool, struct worker *worker)
{
    if (look(pool, clock_monotonic_ns()))
        return;
    uint64_t until_ns = next_look_ns(pool);
    pool->lookout = worker;
    pool->is_watched = needs_places(pool);
    bool is_time = false;
    while (!is_time && !worker->is_claimed && !pool->ending)
        is_time = !cond_wait_until(&worker->wake, &pool->lock, until_ns);
    if (pool->lookout == worker)
        pool->lookout = NULL;
}

// --- sleeping and waking

// The caller signals the thread that it gets, without the lock.
static struct worker *claim_idle(struct pool *pool)
{
    struct worker *worker = pool->idle;
    pool->idle = worker->next_idle;
    return worker;
}

static struct worker *claim(struct pool *pool)
{
    bool starts = can_start(pool), looks = needs_places(pool) && !(pool->lookout != NULL && pool->is_watched);
    if (pool->waking || !(starts || looks))
        return NULL;
    struct worker *worker = NULL;
    if (pool->idle != NULL && (starts || pool->lookout == NULL)) {
        worker = claim_idle(pool);
    } else if (pool->lookout != NULL) {
        worker = pool->lookout;
        pool->lookout = NULL;
    }
    if (worker != NULL)
        pool->waking = worker->is_claimed = true;
    return worker;
}

static void sleep_idle(struct pool *pool, struct worker *worker)
{
    struct worker **at = &pool->idle;
    while (*at != NULL && *at < worker)
        at = &(*at)->next_idle;
    worker->next_idle = *at;
    *at = worker;
    while (!worker->is_claimed && !pool->ending)
        pthread_cond_wait(&worker->wake, &pool->lock);
}

static void rest(struct pool *pool, struct worker *worker)
{
    if (pool->refuse.count > 0) { // by the thread itself, or the lookout that it was
        unlock(pool, claim(pool));
        pthread_mutex_lock(&pool->lock);
        return;
    }
    if (needs_lookout(pool))
        look_out(pool, worker);
    else
        sleep_idle(pool, worker);
    if (worker->is_claimed)
        worker->is_claimed = pool->waking = false;
}

static void *run(void *arg)
{
    struct worker *worker = current = arg;
    struct pool *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        struct task *task = pick(pool, worker);
        if (task == NULL && pool->ending)
            break;
        if (task == NULL) {
            rest(pool, worker);
            continue;
        }
        unlock(pool, claim(pool));
        task->run(task, worker->state);
        pthread_mutex_lock(&pool->lock);
        end_run(pool, worker);
    }
    unlock(pool, NULL);
    return NULL;
}

// --- the pool

static enum err_code make(size_t places, size_t max_long, void *const *workers, size_t max_queued,
    struct pool **ret_pool, struct err *err)
{
    size_t threads = places + max_long;
    struct pool *pool = mem_zalloc(1, sizeof(*pool) + threads * sizeof(pool->workers[0]));
    if (pool == NULL)
        return err_no_memory(err);
    pthread_mutex_init(&pool->lock, NULL);
    pool->places = places;
    pool->max_long = max_long;
    pool->max_queued = max_queued;
    for (size_t i = 0; i < threads; i++) {
        struct worker *worker = &pool->workers[pool->threads];
        worker->pool = pool;
        worker->state = workers != NULL ? workers[i] : NULL;
        cond_init(&worker->wake);
        enum err_code code = thread_start(run, worker, &worker->thread, err);
        if (code != ERR_NONE) {
            pthread_cond_destroy(&worker->wake);
            pool_free(pool);
            return code;
        }
        pthread_mutex_lock(&pool->lock);
        pool->threads++;
        pthread_mutex_unlock(&pool->lock);
    }
    *ret_pool = pool;
    return ERR_NONE;
}

enum err_code pool_new(
    size_t threads, void *const *workers, size_t max_queued, struct pool **ret_pool, struct err *err)
{
    return make(threads, 0, workers, max_queued, ret_pool, err);
}

size_t pool_threads(size_t places)
{
    return places + LIMIT_LONG_APP * places + LIMIT_LONG_SPARE;
}

enum err_code pool_new_with_shares(
    size_t places, void *const *workers, size_t max_queued, struct pool **ret_pool, struct err *err)
{
    return make(places, pool_threads(places) - places, workers, max_queued, ret_pool, err);
}

// No share may fill the queue by itself.
static bool wait_for_place(struct pool *pool, struct task *task)
{
    struct share *share = task->share;
    bool has_part = share == NULL || share->queued < pool->max_queued - pool->max_queued / 4;
    if (pool->quick.count >= pool->max_queued || !has_part) {
        task->retry_s = seconds_of(pool->quick.count * pool->mean_ns);
        return false;
    }
    task_list_add(&pool->quick, task);
    if (share != NULL)
        share->queued++;
    return true;
}

bool pool_submit(struct pool *pool, struct task *task)
{
    struct share *share = task->share;
    task->retry_s = 1;
    pthread_mutex_lock(&pool->lock);
    bool waits_for_share = share != NULL && share->is_slow, is_queued = false;
    if (!pool->ending)
        is_queued = waits_for_share ? wait_for_share(pool, task) : wait_for_place(pool, task);
    if (!is_queued && waits_for_share && !pool->ending) {
        forget_abandoned(pool, share);
        is_queued = wait_for_share(pool, task);
    }
    pool->refused += !is_queued && !pool->ending;
    unlock(pool, claim(pool));
    return is_queued;
}

struct task *pool_take(struct pool *pool, bool (*wants)(void *ctx, struct task *next), void *ctx)
{
    pthread_mutex_lock(&pool->lock);
    size_t free = pool->places > pool->running ? pool->places - pool->running : 0;
    struct task *task = next_quick(pool);
    bool is_wanted = pool->quick.count > free && (wants == NULL || wants(ctx, task));
    if (is_wanted) {
        take_off_quick(pool, task);
        pool->done++;
    }
    pthread_mutex_unlock(&pool->lock);
    return is_wanted ? task : NULL;
}

void pool_blame(struct pool *pool, const struct task *task)
{
    struct worker *worker = current;
    pthread_mutex_lock(&pool->lock);
    if (worker->is_long && worker->share != task->share) {
        struct share *before = worker->share;
        before->running--;
        worker->group->running--;
        if (before->running == 0) // not it was long
            move_to_quick(pool, before);
        task->share->running++;
        task->group->running++;
        if (!task->share->is_slow)
            move_to_share(pool, task->share);
        pool->may_start_long = true;
    }
    counts_for(worker, task);
    unlock(pool, claim(pool));
}

void pool_next(struct pool *pool, const struct task *task)
{
    struct worker *worker = current;
    pthread_mutex_lock(&pool->lock);
    worker->runs++;
    if (worker->is_long) {
        end_long(pool, worker);
        begin_long(pool, worker, task);
    } else {
        counts_for(worker, task);
    }
    unlock(pool, claim(pool));
}

void pool_set_max_queued(struct pool *pool, size_t max_queued)
{
    pthread_mutex_lock(&pool->lock);
    pool->max_queued = max_queued;
    pthread_mutex_unlock(&pool->lock);
}

size_t pool_queued(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    size_t queued = pool->quick.count;
    pthread_mutex_unlock(&pool->lock);
    return queued;
}

struct pool_stats pool_stats(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct pool_stats stats = {.places = pool->places,
        .running = pool->running,
        .long_running = pool->long_running,
        .queued = pool->quick.count,
        .max_queued = pool->max_queued,
        .refused = pool->refused};
    for (const struct share *share = pool->shares; share != NULL; share = share->next)
        stats.long_queued += share->waiting.count;
    if (pool->quick.first != NULL)
        stats.oldest_ns = pool->quick.first->came_ns;
    pthread_mutex_unlock(&pool->lock);
    return stats;
}

void pool_free(struct pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->ending = pool->may_start_long = true;
    for (size_t i = 0; i < pool->threads; i++)
        pthread_cond_signal(&pool->workers[i].wake);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->threads; i++) {
        pthread_join(pool->workers[i].thread, NULL);
        pthread_cond_destroy(&pool->workers[i].wake);
    }
    pthread_mutex_destroy(&pool->lock);
    mem_free(pool);
}
