// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/pace.h"

static const struct pace_limit LIMIT = {.window_ms = 10000, .rate = 1024};
enum { SHARE = 10240 }; // of one window

static void within_a_window_nobody_is_slow(void **state)
{
    (void)state;
    struct pace pace;
    pace_start(&pace, 0, 500);
    assert_false(pace_is_slow(&pace, &LIMIT, 0, 500));
    assert_false(pace_is_slow(&pace, &LIMIT, 0, 10499));
    assert_true(pace_is_slow(&pace, &LIMIT, 0, 10500));
}

static void each_window_asks_for_its_share(void **state)
{
    (void)state;
    struct pace pace;
    pace_start(&pace, 0, 0);
    for (uint64_t i = 1; i <= 1000; i++)
        assert_false(pace_is_slow(&pace, &LIMIT, i * SHARE, i * 10000));
    assert_false(pace_is_slow(&pace, &LIMIT, 1001 * SHARE - 1, 1000 * 10000 + 9999));
    assert_true(pace_is_slow(&pace, &LIMIT, 1001 * SHARE - 1, 1001 * 10000));
}

static void what_came_before_buys_no_time(void **state)
{
    (void)state;
    struct pace pace;
    pace_start(&pace, 0, 0);
    assert_false(pace_is_slow(&pace, &LIMIT, 64 * 1024 * 1024, 10000));
    assert_false(pace_is_slow(&pace, &LIMIT, 64 * 1024 * 1024, 19999));
    assert_true(pace_is_slow(&pace, &LIMIT, 64 * 1024 * 1024, 20000));
}

static void a_start_in_the_middle_forgives_what_was(void **state)
{
    (void)state;
    struct pace pace;
    pace_start(&pace, 0, 0);
    pace_start(&pace, 7, 9999);
    assert_false(pace_is_slow(&pace, &LIMIT, 7, 19998));
    assert_true(pace_is_slow(&pace, &LIMIT, 6 + SHARE, 19999));
}

static void a_window_that_is_resumed_keeps_its_count(void **state)
{
    (void)state;
    struct pace pace;
    pace_start(&pace, 0, 0);
    pace_resume(&pace, 25000);
    assert_false(pace_is_slow(&pace, &LIMIT, 0, 34999));
    assert_false(pace_is_slow(&pace, &LIMIT, SHARE, 35000));
    assert_true(pace_is_slow(&pace, &LIMIT, 2 * SHARE - 1, 45000));
    pace_start(&pace, 7, 0);
    pace_resume(&pace, 1000);
    assert_true(pace_is_slow(&pace, &LIMIT, 6 + SHARE, 11000));
}

static void who_looks_late_asks_for_no_more(void **state)
{
    (void)state;
    struct pace pace;
    pace_start(&pace, 0, 0);
    assert_false(pace_is_slow(&pace, &LIMIT, SHARE, 1000000));
    assert_false(pace_is_slow(&pace, &LIMIT, SHARE, 1009999));
    assert_true(pace_is_slow(&pace, &LIMIT, 2 * SHARE - 1, 1010000));
}

static void without_a_rate_everybody_keeps_up(void **state)
{
    (void)state;
    struct pace_limit none = {.window_ms = 10};
    struct pace pace;
    pace_start(&pace, 0, 0);
    assert_false(pace_is_slow(&pace, &none, 0, 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(within_a_window_nobody_is_slow),
        cmocka_unit_test(each_window_asks_for_its_share),
        cmocka_unit_test(what_came_before_buys_no_time),
        cmocka_unit_test(a_start_in_the_middle_forgives_what_was),
        cmocka_unit_test(a_window_that_is_resumed_keeps_its_count),
        cmocka_unit_test(who_looks_late_asks_for_no_more),
        cmocka_unit_test(without_a_rate_everybody_keeps_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
