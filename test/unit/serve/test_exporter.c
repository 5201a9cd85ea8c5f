// SPDX-License-Identifier: Apache-2.0
// How long requests to a collector may take: all that are made at the end of a server have one limit
// together.
#include "serve/exporter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"

static void a_request_has_its_time_while_the_server_runs(void **state)
{
    (void)state;
    assert_int_equal(exporter_time_ms(0, 77 * NS_PER_S), LIMIT_EXPORT_MS);
}

static void at_the_end_a_request_has_what_is_left_of_it(void **state)
{
    (void)state;
    uint64_t begin_ns = 77 * NS_PER_S, end_ns = begin_ns + LIMIT_EXPORT_MS * NS_PER_MS;
    assert_int_equal(exporter_time_ms(end_ns, begin_ns), LIMIT_EXPORT_MS);
    assert_int_equal(exporter_time_ms(end_ns, begin_ns + 100 * NS_PER_MS), LIMIT_EXPORT_MS - 100);
    assert_int_equal(exporter_time_ms(end_ns, end_ns - 1), 0);
    assert_int_equal(exporter_time_ms(end_ns, end_ns), 0);
    assert_int_equal(exporter_time_ms(end_ns, end_ns + NS_PER_S), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_has_its_time_while_the_server_runs),
        cmocka_unit_test(at_the_end_a_request_has_what_is_left_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
