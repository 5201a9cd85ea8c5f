// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void the_monotonic_clock_never_runs_backwards(void **state)
{
    (void)state;
    uint64_t before_ns = clock_monotonic_ns();
    for (int i = 0; i < 1000; i++) {
        uint64_t now_ns = clock_monotonic_ns();
        assert_true(now_ns >= before_ns);
        before_ns = now_ns;
    }
}

static void the_wall_clock_counts_milliseconds_since_1970(void **state)
{
    (void)state;
    int64_t before_s = (int64_t)time(NULL) - 1; // time(2) may lag by a tick
    int64_t now_ms = clock_wall_ms();
    assert_true(now_ms >= before_s * 1000);
    assert_true(now_ms <= ((int64_t)time(NULL) + 1) * 1000);
}

static void nanoseconds_become_seconds_and_the_rest(void **state)
{
    (void)state;
    static const struct {
        uint64_t ns;
        time_t s;
        long rest_ns;
    } cases[] = {
        {0, 0, 0},
        {999999999, 0, 999999999},
        {NS_PER_S, 1, 0},
        {2 * NS_PER_S - 1, 1, 999999999},
        {UINT64_MAX, 18446744073, 709551615},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct timespec time = clock_timespec(cases[i].ns);
        assert_int_equal(time.tv_sec, cases[i].s);
        assert_int_equal(time.tv_nsec, cases[i].rest_ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_never_runs_backwards),
        cmocka_unit_test(the_wall_clock_counts_milliseconds_since_1970),
        cmocka_unit_test(nanoseconds_become_seconds_and_the_rest),
    };
    return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}
