// SPDX-License-Identifier: Apache-2.0
#include "serve/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"

static struct rule params[] = {
    {.name = {.at = "a", .len = 1}, .type = TYPE_TEXT, .required = true},
    {.name = {.at = "n", .len = 1},
        .type = TYPE_INTEGER,
        .has_default = true,
        .default_value = {.kind = VALUE_INTEGER, .integer = 3},
        .has_min = true,
        .min = {.kind = VALUE_INTEGER, .integer = 1}},
};
static const struct endpoint loose = {.method = HTTP_GET, .params = params, .param_count = ARRAY_LEN(params)};
static const struct endpoint strict = {
    .method = HTTP_GET, .params = params, .param_count = ARRAY_LEN(params), .strict = true};

// One query read, with what holds its memory.
struct reading {
    struct arena arena;
    struct value values[2];
    struct report report;
    struct err err;
};

static void reading_fini(struct reading *reading)
{
    arena_fini(&reading->arena);
    report_fini(&reading->report);
}

static enum err_code read_query(
    struct reading *reading, const struct endpoint *endpoint, const char *query, size_t max_bytes)
{
    *reading = (struct reading){0};
    arena_init(&reading->arena, max_bytes);
    return query_read(
        endpoint, span_of(query), &reading->arena, reading->values, &reading->report, &reading->err);
}

static void values_are_decoded_and_typed(void **state)
{
    (void)state;
    AUTO(reading_fini) struct reading reading;
    assert_int_equal(read_query(&reading, &loose, "n=12&&a=x%20%26+y&", 4096), ERR_NONE);
    assert_true(span_is(reading.values[0].text, "x & y"));
    assert_int_equal(reading.values[1].integer, 12);
}

static void names_are_decoded_too(void **state)
{
    (void)state;
    AUTO(reading_fini) struct reading reading;
    assert_int_equal(read_query(&reading, &loose, "%61=1", 4096), ERR_NONE);
    assert_true(span_is(reading.values[0].text, "1"));
    assert_int_equal(reading.values[1].integer, 3);
}

static void assert_faults(
    const struct endpoint *endpoint, const char *query, const char *const (*expected)[3], size_t count)
{
    AUTO(reading_fini) struct reading reading;
    assert_int_equal(read_query(&reading, endpoint, query, 4096), ERR_INVALID);
    assert_int_equal(reading.report.total, count);
    for (size_t i = 0; i < count; i++) {
        const struct fault *fault = report_fault(&reading.report, i);
        assert_true(span_is(fault->parameter, expected[i][0]));
        assert_true(span_is(fault->code, expected[i][1]));
        assert_true(span_is(fault->detail, expected[i][2]));
    }
}

static void every_fault_is_reported_once(void **state)
{
    (void)state;
    const char *const all[][3] = {
        {"n", "min", "must be an integer of at least 1"},
        {"a", "required", "is required"},
    };
    assert_faults(&loose, "n=0&n=5&x=1", all, ARRAY_LEN(all));
    const char *const thrice[][3] = {{"a", "repeated", "is given more than once"}};
    assert_faults(&loose, "a=1&a=2&a=3", thrice, 1);
    const char *const broken[][3] = {{"a", "encoding", "is badly percent-encoded"}};
    assert_faults(&loose, "a=%2", broken, 1);
    const char *const name[][3] = {
        {"%a", "encoding", "is badly percent-encoded"}, {"a", "required", "is required"}};
    assert_faults(&loose, "%a=1", name, ARRAY_LEN(name));
}

static void unknown_names_matter_to_a_strict_endpoint_only(void **state)
{
    (void)state;
    AUTO(reading_fini) struct reading reading;
    assert_int_equal(read_query(&reading, &loose, "a=1&b=%zz", 4096), ERR_NONE);
    const char *const expected[][3] = {{"b", "unknown_parameter", "is not a parameter of this endpoint"}};
    assert_faults(&strict, "a=1&b=2", expected, 1);
}

static void missing_memory_is_told_wherever_it_strikes(void **state)
{
    (void)state;
    enum err_code code = ERR_NO_MEMORY;
    for (long fail = 0; code == ERR_NO_MEMORY; fail++) {
        AUTO(reading_fini) struct reading reading;
        mem_fail_after(fail);
        code = read_query(&reading, &loose, "n=0&q=1", 4096);
        mem_fail_after(-1);
        assert_true(fail < 100);
    }
    assert_int_equal(code, ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_decoded_and_typed),
        cmocka_unit_test(names_are_decoded_too),
        cmocka_unit_test(every_fault_is_reported_once),
        cmocka_unit_test(unknown_names_matter_to_a_strict_endpoint_only),
        cmocka_unit_test(missing_memory_is_told_wherever_it_strikes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
