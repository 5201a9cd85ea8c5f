// SPDX-License-Identifier: Apache-2.0
// When a hook, and a destination that fails, are tried again.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/limits.h"
#include "hooks/destination.h"

static void pauses_double_up_to_an_hour_give_or_take_a_fifth(void **state)
{
    (void)state;
    static const int64_t expected_ms[] = {
        5000, 10000, 20000, 40000, 80000, 160000, 320000, 640000, 1280000, 2560000, 3600000, 3600000};
    for (size_t i = 0; i < ARRAY_LEN(expected_ms); i++) {
        for (int j = 0; j < 100; j++) {
            int64_t ms = destination_pause_ms((int64_t)i + 1);
            assert_in_range(ms, expected_ms[i] * 4 / 5, expected_ms[i] * 6 / 5);
        }
    }
    assert_in_range(destination_pause_ms(INT64_MAX), 2880000, 4320000);
}

static void a_destination_that_fails_rests_and_then_gets_one(void **state)
{
    (void)state;
    uint64_t now_ns = NS_PER_S;
    struct destination destination = {0};
    assert_int_equal(destination_room(&destination, now_ns), LIMIT_HOOK_SENT_EACH);
    destination.under_way = 4;
    destination_note(&destination, false, 0, now_ns);
    destination_note(&destination, false, 0, now_ns); // of those that were under way together
    destination_note(&destination, false, 0, now_ns);
    destination.under_way = 0;
    assert_int_equal(destination.failures, 1);
    assert_int_equal(destination_room(&destination, now_ns + 3 * NS_PER_S), 0);
    now_ns += 6 * NS_PER_S;
    assert_int_equal(destination_room(&destination, now_ns), 1);
    destination.under_way = 1;
    assert_int_equal(destination_room(&destination, now_ns), 0);
    for (int i = 0; i < 10; i++) {
        destination_note(&destination, false, 0, now_ns);
        now_ns += 72 * NS_PER_S; // the longest rest
    }
    assert_int_equal(destination.failures, 11);
    destination_note(&destination, true, 0, now_ns);
    destination.under_way = 0;
    assert_int_equal(destination_room(&destination, now_ns), LIMIT_HOOK_SENT_EACH);
}

static void retry_after_is_kept_to_for_an_hour_at_most(void **state)
{
    (void)state;
    struct destination destination = {0};
    destination_note(&destination, false, 600, NS_PER_S);
    assert_int_equal(destination_room(&destination, 600 * NS_PER_S), 0);
    assert_int_equal(destination_room(&destination, 601 * NS_PER_S), 1);
    destination = (struct destination){0};
    destination_note(&destination, false, INT64_MAX, NS_PER_S);
    assert_int_equal(destination_room(&destination, 3600 * NS_PER_S), 0);
    assert_int_equal(destination_room(&destination, 3601 * NS_PER_S), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_double_up_to_an_hour_give_or_take_a_fifth),
        cmocka_unit_test(a_destination_that_fails_rests_and_then_gets_one),
        cmocka_unit_test(retry_after_is_kept_to_for_an_hour_at_most),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
