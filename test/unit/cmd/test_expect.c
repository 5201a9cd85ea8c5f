// SPDX-License-Identifier: Apache-2.0
#include "cmd/expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { OUT_BYTES = 65536 };

// An answer of these fields and body to a test that expects status 200 and, unless it is NULL, one field and
// a body; `wrong` is what is told, "" for nothing.
static void check(const char *fields, const char *body, const char *expected_name, const char *expected_value,
    const char *expected_body, const char *wrong)
{
    struct test_field field = {.line = 8};
    struct http_test test = {.status = 200, .status_line = 7, .expected = &field, .expected_body_line = 10};
    struct client_answer answer = {.status = 200, .fields = span_of(fields), .body = span_of(body)};
    if (expected_name != NULL) {
        field.name = span_of(expected_name);
        field.value = span_of(expected_value);
        test.expected_count = 1;
    }
    test.expected_body = span_of(expected_body);
    AUTO(buf_fini) struct buf out;
    buf_init(&out, OUT_BYTES);
    bool good = expect_answer(&test, "x.http", &answer, &out);
    buf_append_byte(&out, '\0');
    assert_string_equal(out.data, wrong);
    assert_int_equal(good, wrong[0] == '\0');
}

static void a_status_has_to_be_the_one(void **state)
{
    (void)state;
    struct http_test test = {.status = 404, .status_line = 7};
    struct client_answer answer = {.status = 200, .fields = span_of(""), .body = span_of("[\"x\"]\n")};
    AUTO(buf_fini) struct buf out;
    buf_init(&out, OUT_BYTES);
    assert_false(expect_answer(&test, "x.http", &answer, &out));
    buf_append_byte(&out, '\0');
    assert_string_equal(out.data, "x.http:7: expected status 404, got 200 with \"[\\\"x\\\"]\\n\"\n");
}

static void fields_are_compared_whole_and_their_names_in_any_case(void **state)
{
    (void)state;
    check("Link: a\r\nLink:  b \r\n", "", "link", "b", "", "");
    check("Link: a\r\n", "", "Link", "...", "", "");
    check("Link: a\r\n", "", "Link", "A", "", "x.http:8: expected Link: A, got \"a\"\n");
    check("X: a\r\n", "", "Link", "a", "", "x.http:8: expected Link: a, got no such header\n");
    check("", "", "Link", "...", "", "x.http:8: expected Link: ..., got no such header\n");
}

static void a_body_that_says_it_is_json_is_compared_as_json(void **state)
{
    (void)state;
    check(
        "Content-Type: application/json\r\n", "{\"b\":1,\"a\":2}", NULL, NULL, "{\"a\": 2, \"b\": 1.0}", "");
    check("content-type: application/problem+json; x=y\r\n", "[1]", NULL, NULL, "[\"...\"]", "");
    check("Content-Type: application/json\r\n", "[1]", NULL, NULL, "[2]",
        "x.http:10: [0]: expected 2, got 1\n");
    check("Content-Type: application/json\r\n", "[1]", NULL, NULL, "pong",
        "x.http:10: the expected body is no JSON: invalid token near 'pong'\n");
}

static void any_other_body_is_compared_as_text(void **state)
{
    (void)state;
    check("Content-Type: text/plain\r\n", "pong\n", NULL, NULL, "pong", "");
    check("Content-Type: text/csv\r\n", "a,b\r\n1,2\r\n", NULL, NULL, "a,b\n1,2", "");
    check("", "{\"a\":1}", NULL, NULL, "{\"a\": 1}",
        "x.http:10: expected \"{\\\"a\\\": 1}\", got \"{\\\"a\\\":1}\"\n");
    check("", "a\nb\nc\n", NULL, NULL, "a\nx\nc", "x.http:11: expected \"x\", got \"b\"\n");
    check("", "a\n", NULL, NULL, "a\n\nb", "x.http:11: expected \"\", got no further line\n");
    check("", "a\nb\n", NULL, NULL, "a", "x.http:11: expected no further line, got \"b\"\n");
    check("", "", NULL, NULL, "a", "x.http:10: expected \"a\", got no further line\n");
}

static void without_an_expected_body_none_is_compared(void **state)
{
    (void)state;
    check("Content-Type: application/json\r\n", "[1]", NULL, NULL, "", "");
}

static void fields_and_body_are_both_told(void **state)
{
    (void)state;
    check("A: b\r\n", "x", "A", "c", "y",
        "x.http:8: expected A: c, got \"b\"\nx.http:10: expected \"y\", got \"x\"\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_has_to_be_the_one),
        cmocka_unit_test(fields_are_compared_whole_and_their_names_in_any_case),
        cmocka_unit_test(a_body_that_says_it_is_json_is_compared_as_json),
        cmocka_unit_test(any_other_body_is_compared_as_text),
        cmocka_unit_test(without_an_expected_body_none_is_compared),
        cmocka_unit_test(fields_and_body_are_both_told),
    };
    return cmocka_run_group_tests_name("cmd/expect", tests, NULL, NULL);
}
