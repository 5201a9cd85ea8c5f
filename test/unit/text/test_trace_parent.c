// SPDX-License-Identifier: Apache-2.0
// What is a traceparent, and what is not.
#include "text/trace_parent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

static void one_of_version_00_is_read(void **state)
{
    (void)state;
    struct trace_parent parent;
    assert_true(trace_parent_read(span_of("00-" TRACE "-" PARENT "-01"), &parent));
    assert_string_equal(parent.trace_id, TRACE);
    assert_string_equal(parent.span_id, PARENT);
    assert_true(parent.is_sampled);
}

static void of_the_flags_only_the_last_bit_counts(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool is_sampled;
    } cases[] = {
        {"00-" TRACE "-" PARENT "-00", false},
        {"00-" TRACE "-" PARENT "-02", false},
        {"00-" TRACE "-" PARENT "-fe", false},
        {"00-" TRACE "-" PARENT "-ff", true},
        {"00-" TRACE "-" PARENT "-0b", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct trace_parent parent;
        assert_true(trace_parent_read(span_of(cases[i].value), &parent));
        assert_int_equal(parent.is_sampled, cases[i].is_sampled);
    }
}

static void a_later_version_is_read_and_may_have_more_behind_it(void **state)
{
    (void)state;
    static const char *const values[] = {
        "01-" TRACE "-" PARENT "-01",
        "cc-" TRACE "-" PARENT "-01-what-the-future-will-be",
        "fe-" TRACE "-" PARENT "-01-",
    };
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct trace_parent parent;
        assert_true(trace_parent_read(span_of(values[i]), &parent));
        assert_string_equal(parent.trace_id, TRACE);
    }
}

static void anything_else_is_none(void **state)
{
    (void)state;
    static const char *const values[] = {
        "",
        "00",
        "00-" TRACE "-" PARENT,
        "00-" TRACE "-" PARENT "-",
        "00-" TRACE "-" PARENT "-1",
        "00-" TRACE "-" PARENT "-01-",  // version 00 has nothing behind it
        "00-" TRACE "-" PARENT "-01x",  //
        "00-" TRACE "-" PARENT "-0g",   //
        "01-" TRACE "-" PARENT "-01.x", // nor has a later one this
        "ff-" TRACE "-" PARENT "-01",   // which is no version
        "0-" TRACE "-" PARENT "-01",    //
        "000-" TRACE "-" PARENT "-01",  //
        "0G-" TRACE "-" PARENT "-01",   //
        "00_" TRACE "-" PARENT "-01",   //
        "00-" TRACE "_" PARENT "-01",   //
        "00-" TRACE "-" PARENT "_01",   //
        " 00-" TRACE "-" PARENT "-01",  //
        "00-00000000000000000000000000000000-" PARENT "-01",
        "00-" TRACE "-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01", // upper case
        "00-" TRACE "-00F067AA0BA902B7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473z-" PARENT "-01",
        "00-" TRACE "-" PARENT "-01,00-" TRACE "-" PARENT "-01",
    };
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct trace_parent parent = {.trace_id = "untouched"};
        assert_false(trace_parent_read(span_of(values[i]), &parent));
        assert_string_equal(parent.trace_id, "untouched");
    }
}

static void a_nul_is_no_digit(void **state)
{
    (void)state;
    char value[] = "00-" TRACE "-" PARENT "-01";
    struct trace_parent parent;
    value[10] = '\0';
    assert_false(trace_parent_read((struct span){.at = value, .len = sizeof(value) - 1}, &parent));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_version_00_is_read),
        cmocka_unit_test(of_the_flags_only_the_last_bit_counts),
        cmocka_unit_test(a_later_version_is_read_and_may_have_more_behind_it),
        cmocka_unit_test(anything_else_is_none),
        cmocka_unit_test(a_nul_is_no_digit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
