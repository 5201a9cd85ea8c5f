// SPDX-License-Identifier: Apache-2.0
#include "base/thread.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"

static void *look_at_the_mask(void *arg)
{
    pthread_sigmask(SIG_BLOCK, NULL, arg);
    return NULL;
}

static void a_thread_sees_no_signal_but_faults_of_its_own(void **state)
{
    (void)state;
    sigset_t before, after, inside;
    pthread_t thread;
    struct err err = {0};
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    assert_int_equal(thread_start(look_at_the_mask, &inside, &thread, &err), ERR_NONE);
    pthread_join(thread, NULL);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    static const int blocked[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGALRM, SIGUSR1};
    static const int open[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
    for (size_t i = 0; i < ARRAY_LEN(blocked); i++) {
        assert_true(sigismember(&inside, blocked[i]));
        assert_int_equal(sigismember(&after, blocked[i]), sigismember(&before, blocked[i]));
    }
    for (size_t i = 0; i < ARRAY_LEN(open); i++)
        assert_false(sigismember(&inside, open[i]));
}

// What one thread waits for and another one does.
struct handover {
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool is_done;
};

static void *hand_over(void *arg)
{
    struct handover *handover = arg;
    pthread_mutex_lock(&handover->lock);
    handover->is_done = true;
    pthread_cond_signal(&handover->done);
    pthread_mutex_unlock(&handover->lock);
    return NULL;
}

static void a_wait_ends_with_the_signal(void **state)
{
    (void)state;
    struct handover handover = {.lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t thread;
    struct err err = {0};
    bool in_time = true;
    cond_init(&handover.done);
    pthread_mutex_lock(&handover.lock);
    assert_int_equal(thread_start(hand_over, &handover, &thread, &err), ERR_NONE);
    while (in_time && !handover.is_done)
        in_time = cond_wait_until(&handover.done, &handover.lock, clock_monotonic_ns() + 60 * NS_PER_S);
    assert_true(in_time);
    pthread_mutex_unlock(&handover.lock);
    pthread_join(thread, NULL);
    pthread_cond_destroy(&handover.done);
}

static void a_wait_ends_at_its_moment_of_the_monotonic_clock(void **state)
{
    (void)state;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t never;
    cond_init(&never);
    pthread_mutex_lock(&lock);
    assert_false(cond_wait_until(&never, &lock, 0));
    uint64_t end_ns = clock_monotonic_ns() + NS_PER_MS;
    while (cond_wait_until(&never, &lock, end_ns))
        ; // it may return early
    assert_true(clock_monotonic_ns() >= end_ns);
    pthread_mutex_unlock(&lock);
    pthread_cond_destroy(&never);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_sees_no_signal_but_faults_of_its_own),
        cmocka_unit_test(a_wait_ends_with_the_signal),
        cmocka_unit_test(a_wait_ends_at_its_moment_of_the_monotonic_clock),
    };
    return cmocka_run_group_tests_name("base/thread", tests, NULL, NULL);
}
