// SPDX-License-Identifier: Apache-2.0
#include "base/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct span none = {0}; // at is NULL

static void is(struct span text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_true(span_is(text, expected));
}

static void spans_are_equal_by_their_bytes(void **state)
{
    (void)state;
    assert_true(span_equal(none, span_of("")));
    assert_true(span_is(none, ""));
    assert_false(span_is(none, "a"));
    assert_true(span_is((struct span){.at = "abc", .len = 2}, "ab"));
    assert_false(span_is(span_of("ab"), "Ab"));
    assert_true(span_is_nocase(span_of("Content-TYPE"), "content-type"));
    assert_false(span_is_nocase(span_of("a"), "ab"));
    assert_false(span_is_nocase(span_of("[{"), "{["));
    assert_true(span_equal_nocase(none, none));
}

static void a_start_may_be_empty_or_all(void **state)
{
    (void)state;
    assert_true(span_starts_with(span_of("SCAN t"), "SCAN "));
    assert_true(span_starts_with(span_of("SCAN"), "SCAN"));
    assert_true(span_starts_with(span_of("SCAN"), ""));
    assert_true(span_starts_with(none, ""));
    assert_false(span_starts_with(none, "a"));
    assert_false(span_starts_with(span_of("SCA"), "SCAN"));
    assert_false(span_starts_with(span_of("scan"), "SCAN"));
    assert_true(span_starts_with_nocase(span_of("scan t"), "SCAN"));
    assert_true(span_starts_with_nocase(none, ""));
    assert_false(span_starts_with_nocase(span_of("sca"), "SCAN"));
    assert_false(span_starts_with_nocase(span_of("scat"), "SCAN"));
}

static void an_end_may_be_empty_or_all(void **state)
{
    (void)state;
    assert_true(span_ends_with(span_of("a.http"), ".http"));
    assert_true(span_ends_with(span_of(".http"), ".http"));
    assert_true(span_ends_with(span_of("a"), ""));
    assert_true(span_ends_with(none, ""));
    assert_false(span_ends_with(none, "a"));
    assert_false(span_ends_with(span_of("http"), ".http"));
    assert_false(span_ends_with(span_of("a.HTTP"), ".http"));
    assert_true(span_ends_with_nocase(span_of("problem+JSON"), "+json"));
    assert_true(span_ends_with_nocase(none, ""));
    assert_false(span_ends_with_nocase(span_of("json"), "+json"));
    assert_false(span_ends_with_nocase(span_of("+jsonx"), "+json"));
}

static void trimming_takes_blanks_and_tabs_only(void **state)
{
    (void)state;
    is(span_trim(span_of(" \t a b\t ")), "a b");
    is(span_trim(span_of(" \t ")), "");
    is(span_trim(span_of("\na\r")), "\na\r");
    is(span_trim(none), "");
}

static void splitting_takes_the_separator_along(void **state)
{
    (void)state;
    struct span rest = span_of("a,,b");
    is(span_split(&rest, ','), "a");
    is(span_split(&rest, ','), "");
    is(rest, "b");
    is(span_split(&rest, ','), "b");
    is(rest, "");
    is(span_split(&rest, ','), "");
    rest = none;
    is(span_split(&rest, ','), "");
    assert_int_equal(rest.len, 0);
}

static void a_line_comes_without_its_end(void **state)
{
    (void)state;
    struct span rest = span_of("a\nb\r\n\n\r\nc\r");
    is(span_line(&rest), "a");
    is(span_line(&rest), "b");
    is(span_line(&rest), "");
    is(span_line(&rest), "");
    is(span_line(&rest), "c");
    is(rest, "");
    is(span_line(&rest), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_are_equal_by_their_bytes),
        cmocka_unit_test(a_start_may_be_empty_or_all),
        cmocka_unit_test(an_end_may_be_empty_or_all),
        cmocka_unit_test(trimming_takes_blanks_and_tabs_only),
        cmocka_unit_test(splitting_takes_the_separator_along),
        cmocka_unit_test(a_line_comes_without_its_end),
    };
    return cmocka_run_group_tests_name("base/span", tests, NULL, NULL);
}
