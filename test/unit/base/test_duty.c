// SPDX-License-Identifier: Apache-2.0
#include "base/duty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"

static void one_that_ends_takes_no_work_again(void **state)
{
    (void)state;
    struct duty duty;
    duty_init(&duty);
    assert_true(duty_takes(&duty));
    duty_rest(&duty, true);
    assert_false(duty_takes(&duty));
    assert_false(duty_ends(&duty));
    duty_rest(&duty, false);
    assert_true(duty_takes(&duty));
    duty_end(&duty);
    duty_rest(&duty, false);
    assert_false(duty_takes(&duty));
    assert_true(duty_ends(&duty));
    duty_wait(&duty, UINT64_MAX); // for no thread
    duty_fini(&duty);
}

static void *work_until_the_end(void *arg)
{
    struct duty *duty = arg;
    pthread_mutex_lock(&duty->lock);
    while (duty->state < DUTY_ENDS)
        pthread_cond_wait(&duty->change, &duty->lock);
    pthread_mutex_unlock(&duty->lock);
    return duty_leave(duty);
}

static void its_thread_is_waited_for(void **state)
{
    (void)state;
    struct duty duty;
    struct err err = {0};
    duty_init(&duty);
    assert_int_equal(duty_start(&duty, work_until_the_end, &duty, &err), ERR_NONE);
    duty_wait(&duty, clock_monotonic_ns() + NS_PER_MS);
    assert_int_equal(duty.state, DUTY_ON);
    duty_end(&duty);
    duty_wait(&duty, clock_monotonic_ns() + 60 * NS_PER_S);
    assert_int_equal(duty.state, DUTY_ENDED);
    duty_end(&duty);
    duty_rest(&duty, true);
    assert_int_equal(duty.state, DUTY_ENDED);
    duty_fini(&duty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_ends_takes_no_work_again),
        cmocka_unit_test(its_thread_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
