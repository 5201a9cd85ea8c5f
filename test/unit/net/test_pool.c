// SPDX-License-Identifier: Apache-2.0
#include "net/pool.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/mem.h"

enum { TASKS = 20000, SUBMITTERS = 3, QUEUE = 100 };

struct job {
    struct task task; // what the pool sees
    atomic_int runs;  // how often it ran
    void *worker;     // the state that it was handed
    int order;        // when it ran, counted by the pool's one thread
};

static struct job jobs[TASKS];
static sem_t started, go_on; // for tasks that hold a worker
static int order;
static struct pool *pool;
static struct task *taken[3];

static int set_up(void **state)
{
    (void)state;
    for (int i = 0; i < TASKS; i++)
        jobs[i] = (struct job){0};
    sem_init(&started, 0, 0);
    sem_init(&go_on, 0, 0);
    order = 0;
    return 0;
}

static struct pool *make(size_t threads, void *const *workers, size_t max_queued)
{
    struct err err = {0};
    struct pool *made;
    assert_int_equal(pool_new(threads, workers, max_queued, &made, &err), ERR_NONE);
    return made;
}

static void run(struct task *task, void *worker)
{
    struct job *job = CONTAINER_OF(task, struct job, task);
    job->worker = worker;
    job->order = ++order;
    atomic_fetch_add(&job->runs, 1);
}

static void count(struct task *task, void *worker)
{
    (void)worker;
    atomic_fetch_add(&CONTAINER_OF(task, struct job, task)->runs, 1);
}

static void hold(struct task *task, void *worker)
{
    run(task, worker);
    sem_post(&started);
    sem_wait(&go_on);
}

// Makes the pool's only worker busy until go_on is posted.
static void hold_worker(struct pool *one_thread, struct job *job)
{
    job->task.run = hold;
    assert_true(pool_submit(one_thread, &job->task));
    sem_wait(&started);
}

static void tasks_run_in_order_with_their_workers_state(void **state)
{
    (void)state;
    int worker;
    void *workers[] = {&worker};
    struct pool *one = make(1, workers, 10);
    hold_worker(one, &jobs[0]);
    for (int i = 1; i <= 10; i++) {
        jobs[i].task.run = run;
        assert_true(pool_submit(one, &jobs[i].task));
    }
    assert_int_equal(pool_queued(one), 10);
    sem_post(&go_on);
    pool_free(one);
    for (int i = 0; i <= 10; i++) {
        assert_int_equal(jobs[i].order, i + 1);
        assert_ptr_equal(jobs[i].worker, &worker);
    }
}

static void a_full_queue_takes_no_more(void **state)
{
    (void)state;
    void *workers[] = {NULL};
    struct pool *one = make(1, workers, 2);
    hold_worker(one, &jobs[0]);
    for (int i = 1; i <= 3; i++)
        jobs[i].task.run = run;
    assert_true(pool_submit(one, &jobs[1].task));
    assert_true(pool_submit(one, &jobs[2].task));
    assert_false(pool_submit(one, &jobs[3].task));
    assert_int_equal(pool_queued(one), 2);
    struct pool_stats stats = pool_stats(one);
    assert_int_equal(stats.places, 1);
    assert_int_equal(stats.places_taken, 1);
    assert_int_equal(stats.queued, 2);
    assert_int_equal(stats.max_queued, 2);
    assert_int_equal(stats.refused, 1);
    sem_post(&go_on);
    pool_free(one);
    assert_int_equal(atomic_load(&jobs[3].runs), 0);
}

static void *submit_share(void *arg)
{
    for (int i = (int)(intptr_t)arg; i < TASKS; i += SUBMITTERS) {
        jobs[i].task.run = count;
        while (!pool_submit(pool, &jobs[i].task))
            sched_yield();
    }
    return NULL;
}

static void every_task_runs_once_whoever_submits(void **state)
{
    (void)state;
    void *workers[3] = {NULL};
    pool = make(3, workers, QUEUE);
    pthread_t threads[SUBMITTERS];
    for (int i = 0; i < SUBMITTERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, submit_share, (void *)(intptr_t)i), 0);
    for (int i = 0; i < SUBMITTERS; i++)
        pthread_join(threads[i], NULL);
    pool_free(pool);
    for (int i = 0; i < TASKS; i++)
        assert_int_equal(atomic_load(&jobs[i].runs), 1);
}

static void take_two(struct task *task, void *worker)
{
    run(task, worker);
    for (int i = 0; i < 3; i++)
        taken[i] = pool_take(pool, NULL, NULL);
    sem_post(&started);
}

static void a_worker_takes_what_waits_beside_its_task(void **state)
{
    (void)state;
    void *workers[] = {NULL};
    pool = make(1, workers, 10);
    hold_worker(pool, &jobs[0]);
    jobs[1].task.run = take_two;
    jobs[2].task.run = jobs[3].task.run = run;
    for (int i = 1; i <= 3; i++)
        assert_true(pool_submit(pool, &jobs[i].task));
    sem_post(&go_on);
    sem_wait(&started);
    assert_ptr_equal(taken[0], &jobs[2].task);
    assert_ptr_equal(taken[1], &jobs[3].task);
    assert_null(taken[2]);
    jobs[4].task.run = run; // the emptied queue is still in order
    assert_true(pool_submit(pool, &jobs[4].task));
    pool_free(pool);
    assert_int_equal(atomic_load(&jobs[2].runs), 0);
    assert_int_equal(atomic_load(&jobs[4].runs), 1);
}

static bool is(void *ctx, struct task *next)
{
    return next == ctx;
}

static void take_what_is_next_alone(struct task *task, void *worker)
{
    run(task, worker);
    taken[0] = pool_take(pool, is, &jobs[3].task);
    taken[1] = pool_take(pool, is, &jobs[2].task);
    taken[2] = pool_take(pool, is, &jobs[2].task);
    sem_post(&started);
}

static void a_task_that_is_not_wanted_keeps_its_place(void **state)
{
    (void)state;
    void *workers[] = {NULL};
    pool = make(1, workers, 10);
    hold_worker(pool, &jobs[0]);
    jobs[1].task.run = take_what_is_next_alone;
    jobs[2].task.run = jobs[3].task.run = run;
    for (int i = 1; i <= 3; i++)
        assert_true(pool_submit(pool, &jobs[i].task));
    sem_post(&go_on);
    sem_wait(&started);
    assert_null(taken[0]);
    assert_ptr_equal(taken[1], &jobs[2].task);
    assert_null(taken[2]);
    pool_free(pool);
    assert_int_equal(atomic_load(&jobs[2].runs), 0);
    assert_int_equal(atomic_load(&jobs[3].runs), 1); // by the pool itself
}

static pthread_barrier_t both;

static void meet(struct task *task, void *worker)
{
    (void)task;
    (void)worker;
    pthread_barrier_wait(&both);
}

static void submit_and_take(struct task *task, void *worker)
{
    run(task, worker);
    assert_true(pool_submit(pool, &jobs[3].task));
    taken[0] = pool_take(pool, NULL, NULL);
    sem_post(&started);
}

static void a_task_is_left_to_the_thread_that_waits_for_it(void **state)
{
    (void)state;
    void *workers[] = {NULL, NULL};
    pthread_barrier_init(&both, NULL, 2);
    pool = make(2, workers, 10);
    jobs[0].task.run = jobs[1].task.run = meet; // both threads are there
    jobs[2].task.run = submit_and_take;
    jobs[3].task.run = run;
    assert_true(pool_submit(pool, &jobs[0].task) && pool_submit(pool, &jobs[1].task));
    nanosleep(&(struct timespec){.tv_nsec = 300 * 1000 * 1000}, NULL); // and wait for something to do
    assert_true(pool_submit(pool, &jobs[2].task));
    sem_wait(&started);
    pool_free(pool);
    pthread_barrier_destroy(&both);
    assert_null(taken[0]);
    assert_int_equal(atomic_load(&jobs[3].runs), 1);
}

static void submit_another(struct task *task, void *worker)
{
    run(task, worker);
    sem_post(&started);
    sem_wait(&go_on);
    while (pool_submit(pool, &jobs[1].task)) // until the pool ends
        while (pool_take(pool, NULL, NULL) == NULL)
            ;
}

static void *end_pool(void *arg)
{
    pool_free(arg);
    return NULL;
}

static void a_pool_that_ends_takes_no_more(void **state)
{
    (void)state;
    void *workers[] = {NULL};
    pool = make(1, workers, 10);
    jobs[0].task.run = submit_another;
    jobs[1].task.run = run;
    assert_true(pool_submit(pool, &jobs[0].task));
    sem_wait(&started);
    pthread_t ender;
    assert_int_equal(pthread_create(&ender, NULL, end_pool, pool), 0);
    sem_post(&go_on);
    pthread_join(ender, NULL);
    assert_int_equal(atomic_load(&jobs[1].runs), 0);
}

static void without_memory_there_is_no_pool(void **state)
{
    (void)state;
    struct err err = {0};
    struct pool *none = NULL;
    void *workers[] = {NULL};
    mem_fail_after(0);
    assert_int_equal(pool_new(1, workers, 1, &none, &err), ERR_NO_MEMORY);
    mem_fail_after(-1);
    assert_null(none);
    pool_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(tasks_run_in_order_with_their_workers_state, set_up),
        cmocka_unit_test_setup(a_full_queue_takes_no_more, set_up),
        cmocka_unit_test_setup(every_task_runs_once_whoever_submits, set_up),
        cmocka_unit_test_setup(a_worker_takes_what_waits_beside_its_task, set_up),
        cmocka_unit_test_setup(a_task_that_is_not_wanted_keeps_its_place, set_up),
        cmocka_unit_test_setup(a_task_is_left_to_the_thread_that_waits_for_it, set_up),
        cmocka_unit_test_setup(a_pool_that_ends_takes_no_more, set_up),
        cmocka_unit_test_setup(without_memory_there_is_no_pool, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
