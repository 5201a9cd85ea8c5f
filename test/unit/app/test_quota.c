// SPDX-License-Identifier: Apache-2.0
#include "app/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"

static void assert_allowance(
    const struct quota *quota, size_t number, uint64_t count, uint32_t window_s, const char *name)
{
    assert_true(number < quota->count);
    assert_int_equal(quota->allowances[number].count, count);
    assert_int_equal(quota->allowances[number].window_s, window_s);
    assert_true(span_is(quota->allowances[number].name, name));
}

static void lines_of_a_plan_are_read(void **state)
{
    (void)state;
    static const char *const lines[][2] = {
        {"requests", "100/second, 1000000/day"},
        {"rows", "10000000/month"},
        {"bytes", " 10GiB / month ,1kB/minute,3/hour"},
        {"concurrent", "8"},
        {"batches", "999999999999999/hour"},
    };
    AUTO(arena_fini) struct arena arena;
    struct quota quota = {0};
    struct err err = {0};
    arena_init(&arena, 10000);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        assert_int_equal(
            quota_read_line(&quota, span_of(lines[i][0]), span_of(lines[i][1]), &arena, &err), ERR_NONE);
    assert_int_equal(quota.count, 8);
    assert_allowance(&quota, 0, 100, 1, "requests-second");
    assert_allowance(&quota, 1, 1000000, 86400, "requests-day");
    assert_allowance(&quota, 2, 10000000, 2592000, "rows-month");
    assert_allowance(&quota, 3, 10737418240, 2592000, "bytes-month");
    assert_allowance(&quota, 4, 1000, 60, "bytes-minute");
    assert_allowance(&quota, 5, 3, 3600, "bytes-hour");
    assert_allowance(&quota, 6, 8, 0, "concurrent");
    assert_allowance(&quota, 7, 999999999999999, 3600, "batches-hour");
    static const char *const policies[] = {"\"requests-second\";q=100;w=1",
        "\"requests-day\";q=1000000;w=86400", "\"rows-month\";q=10000000;qu=\"rows\";w=2592000",
        "\"bytes-month\";q=10737418240;qu=\"content-bytes\";w=2592000",
        "\"bytes-minute\";q=1000;qu=\"content-bytes\";w=60", "\"bytes-hour\";q=3;qu=\"content-bytes\";w=3600",
        "\"concurrent\";q=8;qu=\"concurrent-requests\"",
        "\"batches-hour\";q=999999999999999;qu=\"batches\";w=3600"};
    for (size_t i = 0; i < ARRAY_LEN(policies); i++)
        assert_true(span_is(quota.allowances[i].policy, policies[i]));
    assert_int_equal(quota_read_line(&quota, span_of("rows"), span_of("1/day"), &arena, &err), ERR_CONFIG);
    assert_string_equal(err.text, "more than 8 numbers in one plan; keep those that matter");
}

static void what_is_wrong_with_a_line_is_told(void **state)
{
    (void)state;
    static const char *const lines[][3] = {
        {"request", "1/day", "unknown \"request\" of a plan; did you mean requests?"},
        {"cost", "1/day",
            "unknown \"cost\" of a plan; known are requests, rows, bytes, batches and concurrent"},
        {"requests", "", "\"\" is no number of requests; write requests = 100/second, 1000000/day"},
        {"requests", "1/day,", NULL}, // a comma at the end does no harm
        {"requests", "many/day",
            "\"many\" is no number of requests; write requests = 100/second, 1000000/day"},
        {"requests", "10k/day", "\"10k\" is no number of requests; write requests = 100/second, 1000000/day"},
        {"requests", "-1/day", "\"-1\" is no number of requests; write requests = 100/second, 1000000/day"},
        {"requests", "10GiB/day",
            "\"10GiB\" is no number of requests; write requests = 100/second, 1000000/day"},
        {"bytes", "10 Gb/day", "\"10 Gb\" is no number of bytes; write bytes = 10GiB/month"},
        {"rows", "0/day", "0 rows would let nothing through; allow at least one, or take the line away"},
        {"rows", "1000000000000000/day",
            "\"1000000000000000\" is too large: at most 999999999999999 can be told of"},
        {"rows", "99999999999999999999999999/day",
            "\"99999999999999999999999999\" is too large: at most 999999999999999 can be told of"},
        {"bytes", "1000TB/day", "\"1000TB\" is too large: at most 999999999999999 can be told of"},
        {"requests", "5", "the requests are of no time; write requests = 100/second, 1000000/day"},
        {"requests", "5/days", "unknown time \"days\"; did you mean day?"},
        {"requests", "5/year", "unknown time \"year\"; known are second, minute, hour, day and month"},
        {"requests", "5/day, 6/day", "a second requests a day in one plan; take one away"},
        {"concurrent", "8/second",
            "concurrent is of no time, but of what runs at once; write concurrent = 8"},
        {"concurrent", "8, 9", "a second concurrent in one plan; take one away"},
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        AUTO(arena_fini) struct arena arena;
        struct quota quota = {0};
        struct err err = {0};
        arena_init(&arena, 10000);
        enum err_code code =
            quota_read_line(&quota, span_of(lines[i][0]), span_of(lines[i][1]), &arena, &err);
        assert_int_equal(code, lines[i][2] != NULL ? ERR_CONFIG : ERR_NONE);
        assert_string_equal(err.text, lines[i][2] != NULL ? lines[i][2] : "");
    }
}

static void want_of_memory_is_told(void **state)
{
    (void)state;
    enum err_code code = ERR_NO_MEMORY;
    for (long n = 0; code != ERR_NONE; n++) {
        AUTO(arena_fini) struct arena arena;
        struct quota quota = {0};
        struct err err = {0};
        arena_init(&arena, 10000);
        mem_fail_after(n);
        code = quota_read_line(&quota, span_of("rows"), span_of("1/day"), &arena, &err);
        mem_fail_after(-1);
        assert_true(code == ERR_NONE || code == ERR_NO_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_a_plan_are_read),
        cmocka_unit_test(what_is_wrong_with_a_line_is_told),
        cmocka_unit_test(want_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
