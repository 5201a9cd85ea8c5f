// SPDX-License-Identifier: Apache-2.0
// A wake is readable from the first call until it is cleared.
#include "base/wake.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/thread.h"

static int ready(const struct wake *wake, int timeout_ms)
{
    struct pollfd fd = {.fd = wake->fd, .events = POLLIN};
    return poll(&fd, 1, timeout_ms);
}

static void calls_are_seen_until_they_are_cleared(void **state)
{
    (void)state;
    struct wake wake;
    struct err err = {0};
    assert_int_equal(wake_init(&wake, &err), ERR_NONE);
    assert_int_equal(ready(&wake, 0), 0);
    wake_call(&wake);
    wake_call(&wake);
    assert_int_equal(ready(&wake, 0), 1);
    wake_clear(&wake);
    assert_int_equal(ready(&wake, 0), 0);
    wake_clear(&wake); // does not wait where there is no call
    assert_int_equal(ready(&wake, 0), 0);
    wake_fini(&wake);
    assert_int_equal(wake.fd, -1);
    wake_fini(&wake);
}

static void *call(void *arg)
{
    wake_call(arg);
    return NULL;
}

static void a_thread_wakes_another_one(void **state)
{
    (void)state;
    struct wake wake;
    struct err err = {0};
    pthread_t thread;
    assert_int_equal(wake_init(&wake, &err), ERR_NONE);
    assert_int_equal(thread_start(call, &wake, &thread, &err), ERR_NONE);
    assert_int_equal(ready(&wake, 60000), 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    wake_fini(&wake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_seen_until_they_are_cleared),
        cmocka_unit_test(a_thread_wakes_another_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
