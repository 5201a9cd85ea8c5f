// SPDX-License-Identifier: Apache-2.0
// How long requests to a collector may take: all that are made at the end of a server have one limit
// together. And what a start without libcurl's handle says.
#include "serve/exporter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <curl/curl.h>

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

// In the place of libcurl's.
CURL *curl_easy_init(void)
{
    return NULL;
}

static void a_start_that_cannot_send_says_so(void **state)
{
    (void)state;
    struct exporter *exporter = NULL;
    struct err err = {0};
    assert_int_equal(exporter_new("http://127.0.0.1:1/v1/traces", NULL, &exporter, &err), ERR_NO_MEMORY);
    assert_string_equal(err.text, "out of memory");
    assert_null(exporter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_has_its_time_while_the_server_runs),
        cmocka_unit_test(at_the_end_a_request_has_what_is_left_of_it),
        cmocka_unit_test(a_start_that_cannot_send_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
