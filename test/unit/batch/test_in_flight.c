// SPDX-License-Identifier: Apache-2.0
#include "batch/in_flight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void one_of_a_key_is_in_at_a_time(void **state)
{
    struct in_flight flights;
    struct in_flight_entry first = {.identity = "a"}, same = {.identity = "a"}, other = {.identity = "b"};
    struct in_flight_entry elsewhere = {.service = 1, .identity = "a"};
    (void)state;
    in_flight_init(&flights);
    assert_true(in_flight_enter(&flights, &first));
    assert_false(in_flight_enter(&flights, &same));
    assert_true(in_flight_enter(&flights, &other));
    assert_true(in_flight_enter(&flights, &elsewhere));
    in_flight_leave(&flights, &same); // it is not in
    assert_false(in_flight_enter(&flights, &same));
    in_flight_leave(&flights, &first);
    in_flight_leave(&flights, &first);
    assert_true(in_flight_enter(&flights, &same));
    in_flight_leave(&flights, &other);
    in_flight_leave(&flights, &same);
    in_flight_leave(&flights, &elsewhere);
    assert_null(flights.first);
    in_flight_fini(&flights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_of_a_key_is_in_at_a_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
