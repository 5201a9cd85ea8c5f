// SPDX-License-Identifier: Apache-2.0
#include "serve/log_pause.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"

static void one_caller_ends_a_pause_and_begins_the_next(void **state)
{
    (void)state;
    struct log_pause pause = {0};
    assert_true(log_pause_take(&pause, 3600 * NS_PER_S));
    assert_false(log_pause_take(&pause, 3600 * NS_PER_S));
    assert_false(log_pause_take(&pause, 0));
}

static void a_pause_ends_by_itself(void **state)
{
    (void)state;
    struct log_pause pause = {0};
    assert_true(log_pause_take(&pause, 0));
    assert_true(log_pause_take(&pause, 3600 * NS_PER_S));
    assert_false(log_pause_take(&pause, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_caller_ends_a_pause_and_begins_the_next),
        cmocka_unit_test(a_pause_ends_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
