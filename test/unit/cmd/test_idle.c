// SPDX-License-Identifier: Apache-2.0
// cmd/idle.c: what counts as work, and that never ends a server early.
#include "cmd/idle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"

enum { AFTER_MS = 1600 };

static const uint64_t START_NS = 5 * NS_PER_S;

// Looks every 100 ms, as it asks for, until it is over; for how many milliseconds that was not.
static uint64_t over_after_ms(struct idle *idle, const struct server_activity *activity, uint64_t from_ns)
{
    uint64_t now_ns = from_ns;
    while (!idle_is_over(idle, activity, now_ns) && now_ns < from_ns + 100 * NS_PER_S)
        now_ns = idle_next_ns(idle);
    return (now_ns - from_ns) / NS_PER_MS;
}

static void without_work_it_is_over_after_its_time(void **state)
{
    (void)state;
    struct idle idle;
    const struct server_activity nothing = {0};
    idle_init(&idle, AFTER_MS, START_NS);
    assert_int_equal(over_after_ms(&idle, &nothing, START_NS), AFTER_MS);
}

static void a_connection_that_came_and_went_begins_the_time_anew(void **state)
{
    (void)state;
    struct idle idle;
    struct server_activity activity = {0};
    idle_init(&idle, AFTER_MS, START_NS);
    assert_false(idle_is_over(&idle, &activity, START_NS + AFTER_MS / 2 * NS_PER_MS));
    activity.accepted = 1;
    uint64_t seen_ns = START_NS + (AFTER_MS - 1) * NS_PER_MS;
    assert_false(idle_is_over(&idle, &activity, seen_ns));
    assert_int_equal(over_after_ms(&idle, &activity, seen_ns), AFTER_MS);
}

static void an_open_connection_or_a_batch_is_work(void **state)
{
    (void)state;
    struct idle idle;
    const struct server_activity open = {.open = 1}, writing = {.has_work = true};
    idle_init(&idle, AFTER_MS, START_NS);
    assert_true(over_after_ms(&idle, &open, START_NS) >= 100000);
    assert_true(over_after_ms(&idle, &writing, START_NS) >= 100000);
}

static void without_a_time_it_is_never_over(void **state)
{
    (void)state;
    struct idle idle;
    const struct server_activity nothing = {0};
    idle_init(&idle, 0, START_NS);
    assert_true(idle_next_ns(&idle) == UINT64_MAX);
    assert_false(idle_is_over(&idle, &nothing, START_NS + 1000 * NS_PER_S));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_work_it_is_over_after_its_time),
        cmocka_unit_test(a_connection_that_came_and_went_begins_the_time_anew),
        cmocka_unit_test(an_open_connection_or_a_batch_is_work),
        cmocka_unit_test(without_a_time_it_is_never_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
