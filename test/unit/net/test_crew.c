// SPDX-License-Identifier: Apache-2.0
#include "net/crew.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"

enum { WORKERS = 4 };

static struct crew *crew;
static int handles[WORKERS];
static int woken[WORKERS]; // how often each worker was claimed; under the crew's lock
static bool looks_out;     // the last worker is the lookout

static void *sleep_on(void *arg)
{
    struct worker *worker = arg;
    pthread_mutex_lock(&crew->lock);
    while (!crew->is_ending) {
        if (looks_out && worker->number == WORKERS - 1)
            worker_look_out(worker, clock_monotonic_ns() + 1000 * NS_PER_S);
        else
            worker_sleep(worker);
        woken[worker->number] += !crew->is_ending;
        worker_move(worker, WORKER_QUICK);
        worker_move(worker, WORKER_LONG);
        worker_move(worker, WORKER_AWAKE);
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

// Has the lock until so many workers are in the state.
static void lock_when(enum worker_state state, size_t count)
{
    pthread_mutex_lock(&crew->lock);
    while (crew->in[state] != count) {
        pthread_mutex_unlock(&crew->lock);
        sched_yield();
        pthread_mutex_lock(&crew->lock);
    }
}

static int set_up(void **state)
{
    (void)state;
    struct err err = {0};
    void *states[WORKERS];
    for (size_t i = 0; i < WORKERS; i++) {
        states[i] = &handles[i];
        woken[i] = 0;
    }
    assert_int_equal(crew_new(WORKERS, states, NULL, &crew, &err), ERR_NONE);
    assert_int_equal(crew->in[WORKER_AWAKE], WORKERS);
    assert_ptr_equal(crew->workers[2].handles, &handles[2]);
    return 0;
}

static void start(void)
{
    struct err err = {0};
    assert_int_equal(crew_start(crew, sleep_on, &err), ERR_NONE);
}

static void the_first_of_those_that_sleep_is_woken(void **state)
{
    (void)state;
    looks_out = false;
    start();
    for (int i = 1; i <= 3; i++) {
        lock_when(WORKER_ASLEEP, WORKERS);
        crew_unlock(crew, crew_claim_idle(crew));
        lock_when(WORKER_ASLEEP, WORKERS);
        assert_int_equal(woken[0], i);
        pthread_mutex_unlock(&crew->lock);
    }
    pthread_mutex_lock(&crew->lock);
    struct worker *first = crew_claim_idle(crew), *second = crew_claim_idle(crew);
    assert_ptr_equal(first, &crew->workers[0]);
    assert_ptr_equal(second, &crew->workers[1]);
    assert_int_equal(crew->in[WORKER_CLAIMED], 2);
    crew_unlock(crew, first);
    pthread_cond_signal(&second->wake);
    crew_free(crew);
}

static void the_lookout_is_known_until_it_is_claimed(void **state)
{
    (void)state;
    looks_out = true;
    start();
    lock_when(WORKER_LOOKOUT, 1);
    struct worker *lookout = crew->lookout;
    assert_ptr_equal(lookout, &crew->workers[WORKERS - 1]);
    worker_move(lookout, WORKER_CLAIMED);
    assert_null(crew->lookout);
    crew_unlock(crew, lookout);
    lock_when(WORKER_LOOKOUT, 1);
    assert_int_equal(woken[WORKERS - 1], 1);
    pthread_mutex_unlock(&crew->lock);
    crew_free(crew);
}

static void a_crew_ends_before_it_has_started(void **state)
{
    (void)state;
    crew_free(crew);
    crew_free(NULL);
}

static void without_memory_there_is_no_crew(void **state)
{
    (void)state;
    struct err err = {0};
    struct crew *none = NULL;
    mem_fail_after(0);
    assert_int_equal(crew_new(WORKERS, NULL, NULL, &none, &err), ERR_NO_MEMORY);
    mem_fail_after(-1);
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_first_of_those_that_sleep_is_woken, set_up),
        cmocka_unit_test_setup(the_lookout_is_known_until_it_is_claimed, set_up),
        cmocka_unit_test_setup(a_crew_ends_before_it_has_started, set_up),
        cmocka_unit_test(without_memory_there_is_no_crew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
