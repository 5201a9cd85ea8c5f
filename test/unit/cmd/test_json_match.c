// SPDX-License-Identifier: Apache-2.0
#include "cmd/json_match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"

static void must_match(const char *expected, const char *actual)
{
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 65536);
    if (json_match(span_of(expected), span_of(actual), &out) != JSON_MATCHES)
        fail_msg("%s against %s: %.*s", expected, actual, (int)out.len, out.data);
    assert_int_equal(out.len, 0);
}

static void must_differ(enum json_match result, const char *expected, const char *actual, const char *text)
{
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 65536);
    assert_int_equal(json_match(span_of(expected), span_of(actual), &out), result);
    buf_append_byte(&out, '\0');
    assert_string_equal(out.data, text);
}

static void differs(const char *expected, const char *actual, const char *text)
{
    must_differ(JSON_DIFFERS, expected, actual, text);
}

static void equal_values_match(void **state)
{
    (void)state;
    must_match("null", " null\n");
    must_match("true", "true");
    must_match("\"å\"", "\"\\u00e5\"");
    must_match("\"a\\u0000b\"", "\"a\\u0000b\"");
    differs("\"a\\u0000b\"", "\"a\\u0000c\"", "expected \"a\\u0000b\", got \"a\\u0000c\"");
    must_match("[]", "[ ]");
    must_match("{}", "{ }");
    must_match("{\"a\": 1, \"b\": [1, {\"c\": null}]}", "{\"b\":[1,{\"c\":null}],\"a\":1}");
}

static void numbers_are_compared_by_value(void **state)
{
    (void)state;
    must_match("1", "1.0");
    must_match("100", "1e2");
    must_match("9007199254740993", "9007199254740993");
    differs("9007199254740993", "9007199254740992", "expected 9007199254740993, got 9007199254740992");
    differs("1", "1.5", "expected 1, got 1.5");
    differs("1", "\"1\"", "expected 1, got \"1\"");
    differs("1.50", "1e2", "expected 1.5, got 100.0");
}

static void numbers_that_nothing_can_hold_are_no_json(void **state)
{
    (void)state;
    must_differ(JSON_EXPECTED_BROKEN, "1e999", "1e999",
        "the expected body is no JSON: real number overflow near '1e999'");
    must_differ(JSON_ACTUAL_BROKEN, "1", "9223372036854775808",
        "the answer's body is no JSON: too big integer near '9223372036854775808'");
}

static void differences_are_told_with_their_place(void **state)
{
    (void)state;
    differs("true", "false", "expected true, got false");
    differs("null", "0", "expected null, got 0");
    differs("{\"a\": {\"b\": [1, 2]}}", "{\"a\": {\"b\": [1, 3]}}", "a.b[1]: expected 2, got 3");
    differs("{\"a\": 1}", "{}", "member \"a\" is missing");
    differs("{\"x\": [{}]}", "{\"x\": [{\"a\": 1}]}", "x[0]: member \"a\" is not expected");
    differs("[1]", "[1, 2]", "expected 1 items, got 2: [1, 2]");
    differs("[1, 2]", "[1]", "expected 2 items, got 1: [1]");
    differs("[{\"a\": 1}]", "[\"a\"]", "[0]: expected {\"a\": 1}, got \"a\"");
    differs("\"a\"", "\"b\"", "expected \"a\", got \"b\"");
}

static void three_dots_stand_for_any_value(void **state)
{
    (void)state;
    must_match("\"...\"", "null");
    must_match("\"...\"", "{\"a\": [1]}");
    must_match("{\"a\": \"...\"}", "{\"a\": [1]}");
    must_match("[\"...\", 2]", "[1, 2]");
    differs("{\"a\": \"...\"}", "{}", "member \"a\" is missing");
}

static void three_dots_as_a_key_let_other_members_be_there(void **state)
{
    (void)state;
    must_match("{\"...\": \"...\"}", "{}");
    must_match("{\"b\": 2, \"...\": \"...\"}", "{\"a\": 1, \"b\": 2, \"c\": 3}");
    differs("{\"b\": 2, \"...\": \"...\"}", "{\"b\": 3}", "b: expected 2, got 3");
    differs("{\"b\": 2, \"...\": \"...\"}", "{\"c\": 3}", "member \"b\" is missing");
}

static void three_dots_at_the_end_of_an_array_let_more_follow(void **state)
{
    (void)state;
    must_match("[\"...\"]", "[]");
    must_match("[1, \"...\"]", "[1]");
    must_match("[1, \"...\"]", "[1, 2, 3]");
    differs("[1, 2, \"...\"]", "[1]", "expected 2 items or more, got 1: [1]");
    differs("[1, \"...\"]", "[2, 3]", "[0]: expected 1, got 2");
}

static void what_is_no_json_is_told(void **state)
{
    (void)state;
    must_differ(JSON_EXPECTED_BROKEN, "", "1", "the expected body is no JSON: it is empty");
    must_differ(JSON_ACTUAL_BROKEN, "1", "", "the answer's body is no JSON: it is empty");
    must_differ(JSON_ACTUAL_BROKEN, "1", "pong", "the answer's body is no JSON: invalid token near 'pong'");
    must_differ(
        JSON_EXPECTED_BROKEN, "{\"a\": ...}", "1", "the expected body is no JSON: invalid token near '.'");
    must_differ(JSON_EXPECTED_BROKEN, "{\"a\": 1", "1",
        "the expected body is no JSON: '}' expected near end of file");
}

static void what_nests_too_deep_is_refused(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf deep;
    buf_init(&deep, 1 << 20);
    for (size_t i = 0; i < 500000; i++)
        buf_append_byte(&deep, '[');
    buf_append_byte(&deep, '\0');
    must_differ(JSON_ACTUAL_BROKEN, "1", deep.data,
        "the answer's body is no JSON: maximum parsing depth reached near '['");
}

static void a_long_value_is_cut(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf text, out;
    buf_init(&text, 1 << 20);
    buf_init(&out, 65536);
    buf_append_byte(&text, '[');
    for (size_t i = 0; i < 10000; i++)
        buf_append_str(&text, "12345, ");
    buf_append_str(&text, "0]");
    assert_int_equal(json_match(span_of("[]"), buf_span(&text), &out), JSON_DIFFERS);
    assert_true(out.len < 300);
    assert_memory_equal(out.data + out.len - 3, "…", 3);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    enum json_match result = JSON_DIFFERS;
    for (long n = 0; result != JSON_MATCHES; n++) {
        AUTO(buf_fini) struct buf out;
        buf_init(&out, 65536);
        mem_fail_after(n);
        result = json_match(span_of("{\"a\": [1]}"), span_of("{\"a\": [1]}"), &out);
        mem_fail_after(-1);
        assert_true(n < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_values_match),
        cmocka_unit_test(numbers_are_compared_by_value),
        cmocka_unit_test(numbers_that_nothing_can_hold_are_no_json),
        cmocka_unit_test(differences_are_told_with_their_place),
        cmocka_unit_test(three_dots_stand_for_any_value),
        cmocka_unit_test(three_dots_as_a_key_let_other_members_be_there),
        cmocka_unit_test(three_dots_at_the_end_of_an_array_let_more_follow),
        cmocka_unit_test(what_is_no_json_is_told),
        cmocka_unit_test(what_nests_too_deep_is_refused),
        cmocka_unit_test(a_long_value_is_cut),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("cmd/json_match", tests, NULL, NULL);
}
