// SPDX-License-Identifier: Apache-2.0
// Long tasks of a pool with shares. That others run beside them shows in that those are told of: a task that
// may not run is submitted before one that may, and has not begun when that one has.
#include <semaphore.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "net/shared_pool.h"

enum { JOBS = 50, QUEUE = 100 };

struct job {
    struct task task; // what the pool sees
    atomic_int runs;  // how often it ran
    int order;        // when it began, from 1
};

static struct job jobs[JOBS];
static sem_t started, go_on; // tasks that have begun or were refused; for tasks that are held
static sem_t place_free;     // for the one that holds a place
static atomic_int order;
static struct shared_pool *pool;
static struct share shares[4]; // three of the first group, one of the other
static struct share_group groups[2];
static atomic_int refused;

static int set_up(void **state)
{
    (void)state;
    for (int i = 0; i < JOBS; i++)
        jobs[i] = (struct job){0};
    for (size_t i = 0; i < ARRAY_LEN(shares); i++)
        shares[i] = (struct share){0};
    groups[0] = groups[1] = (struct share_group){0};
    sem_init(&started, 0, 0);
    sem_init(&go_on, 0, 0);
    sem_init(&place_free, 0, 0);
    atomic_store(&refused, 0);
    atomic_store(&order, 0);
    return 0;
}

static void refuse(struct task *task)
{
    (void)task;
    atomic_fetch_add(&refused, 1);
    sem_post(&started);
}

static void tell(struct task *task, void *worker)
{
    (void)worker;
    struct job *job = CONTAINER_OF(task, struct job, task);
    job->order = atomic_fetch_add(&order, 1) + 1;
    atomic_fetch_add(&job->runs, 1);
    sem_post(&started);
}

static void make(size_t places)
{
    struct err err = {0};
    assert_int_equal(shared_pool_new(places, NULL, QUEUE, &pool, &err), ERR_NONE);
}

// A task of a share, or of none where `share` is negative.
static struct task *task_of(int job, int share, void (*does)(struct task *task, void *worker))
{
    struct task *task = &jobs[job].task;
    *task = (struct task){.run = does, .refuse = refuse, .came_ns = clock_monotonic_ns()};
    if (share >= 0) {
        task->share = &shares[share];
        task->group = &groups[share / 3];
    }
    return task;
}

static void hold(struct task *task, void *worker)
{
    tell(task, worker);
    sem_wait(&go_on);
}

static void hold_place(struct task *task, void *worker)
{
    tell(task, worker);
    sem_wait(&place_free);
}

static void submit(int job, int share, void (*does)(struct task *task, void *worker))
{
    assert_true(shared_pool_submit(pool, task_of(job, share, does)));
}

// Until so many more tasks have begun, or were refused.
static void wait_for(int tasks)
{
    while (tasks-- > 0)
        sem_wait(&started);
}

// Lets so many that are held go, and ends the pool.
static void end(int held)
{
    while (held-- > 0)
        sem_post(&go_on);
    shared_pool_free(pool);
}

static bool has_run(int job)
{
    return atomic_load(&jobs[job].runs) > 0;
}

static void a_long_task_gives_its_place_to_others(void **state)
{
    (void)state;
    make(1);
    for (int i = 0; i < 3; i++)
        submit(i, -1, hold);
    wait_for(3);
    end(3);
}

static void long_tasks_of_a_share_wait_for_each_other_and_for_nobody_else(void **state)
{
    (void)state;
    make(1);
    for (int i = 0; i < 3; i++)
        submit(i, 0, hold);
    sem_wait(&started);
    for (int i = 3; i < 10; i++) {
        submit(i, i % 2 ? -1 : 3, tell);
        sem_wait(&started);
    }
    assert_true(has_run(0) && !has_run(1) && !has_run(2));
    for (int i = 1; i < 3; i++) {
        sem_post(&go_on);
        sem_wait(&started);
        assert_true(has_run(i));
    }
    end(1);
}

static void a_group_of_shares_has_a_bound_of_its_own(void **state)
{
    (void)state;
    _Static_assert(LIMIT_LONG_ENDPOINT == 1 && LIMIT_LONG_APP == 2, "two shares fill their group");
    make(1);
    for (size_t i = 0; i < ARRAY_LEN(shares); i++)
        shares[i].is_long = true;
    for (int i = 0; i < 4; i++)
        submit(i, i, hold);
    wait_for(3);
    assert_true(has_run(0) && has_run(1) && !has_run(2) && has_run(3));
    sem_post(&go_on); // which may let go of the other group's
    sem_post(&go_on);
    wait_for(1);
    assert_true(has_run(2));
    end(2);
}

static void turn(struct task *task, void *worker)
{
    hold(task, worker);
    shared_pool_blame(pool, &jobs[1].task);
    hold(task, worker);
}

static void a_worker_counts_for_the_task_that_is_to_blame(void **state)
{
    (void)state;
    make(1);
    (void)task_of(1, 1, tell); // as if it was taken
    submit(0, 0, turn);
    submit(2, -1, tell); // for which the first gives its place up
    wait_for(2);
    submit(3, 0, tell); // waits for the first
    submit(4, -1, tell);
    wait_for(1);
    assert_false(has_run(3));
    sem_post(&go_on);
    wait_for(2);
    assert_true(has_run(3));
    submit(5, 1, tell);
    submit(6, -1, tell);
    wait_for(1);
    assert_false(has_run(5));
    end(1);
}

static void spend(uint64_t ms)
{
    for (uint64_t end_ns = clock_monotonic_ns() + ms * NS_PER_MS; clock_monotonic_ns() < end_ns;)
        sched_yield();
}

static void go_on_to_next(struct task *task, void *worker)
{
    hold(task, worker);
    spend(LIMIT_TOGETHER_MS);
    shared_pool_next(pool, &jobs[1].task);
    tell(task, worker);
}

static void a_long_task_before_is_not_charged_to_the_next_one(void **state)
{
    (void)state;
    make(1);
    (void)task_of(1, 3, tell); // as if it was taken
    submit(0, 0, go_on_to_next);
    submit(2, -1, tell); // for which the first gives its place up
    wait_for(2);
    end(1);
    assert_true(shares[0].is_long && shares[0].mean_ns >= LIMIT_TOGETHER_MS * NS_PER_MS);
    assert_false(shares[3].is_long);
    assert_true(shares[3].mean_ns < shares[0].mean_ns);
    assert_int_equal(
        shares[0].long_running + shares[3].long_running + groups[0].long_running + groups[1].long_running, 0);
}

static void a_share_is_quick_again_after_a_quick_task(void **state)
{
    (void)state;
    make(1);
    shares[0].is_long = true;
    submit(0, 0, tell);
    sem_wait(&started);
    shared_pool_free(pool);
    assert_false(shares[0].is_long);
    assert_int_equal(shares[0].long_running + groups[0].long_running, 0);
}

static void a_quick_share_that_was_held_up_does_not_wait_for_its_group(void **state)
{
    (void)state;
    make(1);
    for (int i = 0; i < 3; i++)
        shares[i].is_long = true;
    shares[2].mean_ns = LIMIT_HELD_UP_MS * NS_PER_MS;
    submit(0, 0, hold);
    submit(1, 1, hold);
    wait_for(2);
    submit(2, 2, tell); // the group has no room
    wait_for(1);
    assert_true(has_run(2));
    end(2);
}

static void what_has_waited_for_a_share_is_not_refused_when_that_is_quick_again(void **state)
{
    (void)state;
    make(1);
    shares[0].is_long = true;
    submit(0, 0, hold);
    wait_for(1);
    submit(1, 0, tell); // after which the share is quick
    for (int i = 2; i < 5; i++) {
        struct task *task = task_of(i, 0, tell);
        task->came_ns -= 2 * LIMIT_QUICK_WAIT_MS * NS_PER_MS;
        assert_true(shared_pool_submit(pool, task));
    }
    sem_post(&go_on);
    wait_for(4);
    assert_int_equal(atomic_load(&refused), 0);
    shared_pool_free(pool);
    assert_false(shares[0].is_long);
}

static void a_task_in_vain_is_not_run_and_tells_nothing_of_its_share(void **state)
{
    (void)state;
    atomic_bool in_vain = true;
    make(1);
    shares[0].is_long = true;
    struct task *task = task_of(0, 0, tell);
    task->is_in_vain = &in_vain;
    assert_true(shared_pool_submit(pool, task));
    wait_for(1);
    assert_int_equal(atomic_load(&refused), 1);
    shared_pool_free(pool);
    assert_false(has_run(0));
    assert_true(shares[0].is_long);
}

static void who_would_wait_too_long_is_told_how_long(void **state)
{
    (void)state;
    atomic_bool in_vain = true;
    make(1);
    shares[0].is_long = true;
    shares[0].mean_ns = 7 * NS_PER_S;
    submit(0, 0, hold);
    sem_wait(&started);
    submit(1, 0, tell);                                          // in 3.5 s
    assert_false(shared_pool_submit(pool, task_of(2, 0, tell))); // in 10.5 s
    assert_int_equal(jobs[2].task.retry_s, 11);
    shares[0].mean_ns = 70 * NS_PER_S;
    assert_false(shared_pool_submit(pool, task_of(3, 0, tell)));
    assert_int_equal(jobs[3].task.retry_s, LIMIT_RETRY_AFTER_S);
    assert_int_equal(atomic_load(&refused), 0);
    shares[0].mean_ns = 7 * NS_PER_S;
    jobs[1].task.is_in_vain = &in_vain; // makes room
    submit(4, 0, tell);
    assert_int_equal(atomic_load(&refused), 1);
    end(1);
    assert_true(!has_run(1) && has_run(4));
}

static void what_has_waited_too_long_for_its_share_is_refused(void **state)
{
    (void)state;
    make(1);
    shares[0].is_long = true;
    submit(0, 0, hold);
    sem_wait(&started);
    struct task *late = task_of(1, 0, tell);
    late->came_ns -= LIMIT_LONG_WAIT_MS * NS_PER_MS;
    shares[0].mean_ns = 4 * NS_PER_S;
    assert_true(shared_pool_submit(pool, late));
    submit(2, -1, tell); // in whose passing it is seen
    wait_for(2);
    assert_int_equal(atomic_load(&refused), 1);
    assert_int_equal(late->retry_s, 6);
    assert_false(has_run(1));
    end(1);
}

static void under_overload_the_newest_go_first_and_the_oldest_are_refused(void **state)
{
    (void)state;
    static const unsigned waited_ms[] = {1500, 900, 600, 300};
    make(1);
    int held = (int)shared_pool_threads(1); // all threads, so that nothing else runs before all wait
    for (int i = 0; i < held; i++)
        submit(i, -1, hold);
    wait_for(held);
    for (int i = 0; i < 4; i++) {
        struct task *task = task_of(held + i, -1, tell);
        task->came_ns -= waited_ms[i] * NS_PER_MS;
        assert_true(shared_pool_submit(pool, task));
    }
    sem_post(&go_on);
    wait_for(4);
    assert_int_equal(atomic_load(&refused), 1);
    assert_false(has_run(held));
    assert_int_equal(jobs[held + 3].order, held + 1);
    assert_int_equal(jobs[held + 2].order, held + 2);
    assert_int_equal(jobs[held + 1].order, held + 3);
    end(held - 1);
}

static void when_all_have_waited_too_long_all_are_refused_at_once(void **state)
{
    (void)state;
    make(1);
    int held = (int)shared_pool_threads(1);
    for (int i = 0; i < held; i++) {
        submit(i, -1, i + 1 < held ? hold : hold_place); // all but the last one become long
        wait_for(1);
    }
    for (int i = 0; i < 2; i++) {
        struct task *task = task_of(held + i, -1, tell);
        task->came_ns -= 2 * LIMIT_QUICK_WAIT_MS * NS_PER_MS;
        assert_true(shared_pool_submit(pool, task));
    }
    sem_post(&place_free);
    wait_for(2);
    assert_int_equal(atomic_load(&refused), 2);
    end(held - 1);
}

static void no_share_fills_the_queue(void **state)
{
    (void)state;
    make(1);
    shares[0].queued = QUEUE - QUEUE / 4; // as if they waited
    assert_false(shared_pool_submit(pool, task_of(0, 0, tell)));
    submit(1, 3, tell);
    shared_pool_free(pool);
}

static void what_waits_at_the_end_is_run(void **state)
{
    (void)state;
    make(1);
    shares[0].is_long = true;
    for (int i = 0; i < 50; i++)
        submit(i, i % 2 - 1, tell);
    shared_pool_free(pool);
    for (int i = 0; i < 50; i++)
        assert_true(has_run(i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_long_task_gives_its_place_to_others, set_up),
        cmocka_unit_test_setup(long_tasks_of_a_share_wait_for_each_other_and_for_nobody_else, set_up),
        cmocka_unit_test_setup(a_group_of_shares_has_a_bound_of_its_own, set_up),
        cmocka_unit_test_setup(a_worker_counts_for_the_task_that_is_to_blame, set_up),
        cmocka_unit_test_setup(a_long_task_before_is_not_charged_to_the_next_one, set_up),
        cmocka_unit_test_setup(a_share_is_quick_again_after_a_quick_task, set_up),
        cmocka_unit_test_setup(a_quick_share_that_was_held_up_does_not_wait_for_its_group, set_up),
        cmocka_unit_test_setup(what_has_waited_for_a_share_is_not_refused_when_that_is_quick_again, set_up),
        cmocka_unit_test_setup(a_task_in_vain_is_not_run_and_tells_nothing_of_its_share, set_up),
        cmocka_unit_test_setup(who_would_wait_too_long_is_told_how_long, set_up),
        cmocka_unit_test_setup(what_has_waited_too_long_for_its_share_is_refused, set_up),
        cmocka_unit_test_setup(under_overload_the_newest_go_first_and_the_oldest_are_refused, set_up),
        cmocka_unit_test_setup(when_all_have_waited_too_long_all_are_refused_at_once, set_up),
        cmocka_unit_test_setup(no_share_fills_the_queue, set_up),
        cmocka_unit_test_setup(what_waits_at_the_end_is_run, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
