// SPDX-License-Identifier: Apache-2.0
// JSON in normal form.
#include "text/json_normal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/attr.h"
#include "base/limits.h"

static void blanks_and_escapes_are_made_alike_and_nothing_else(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{" { \"b\" : 1.50 ,\n \"a\" : [ ] } ", "{\"b\":1.50,\"a\":[]}"},
        {"[1E+2,-0,0.10,true,false,null]", "[1E+2,-0,0.10,true,false,null]"},
        {"\"\\u00e9\\/\\u0022\\u0000\\ud83d\\ude00\"", "\"\xc3\xa9/\\\"\\u0000\xf0\x9f\x98\x80\""},
        {"{\"a\":{},\"a\":{\"\":[[]]}}", "{\"a\":{},\"a\":{\"\":[[]]}}"}, {"7", "7"}, {" null", "null"},
        {"\"\"", "\"\""}};
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 1000);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&out);
        if (!json_normal_write(span_of(cases[i][0]), &out) ||
            !span_equal(buf_span(&out), span_of(cases[i][1])))
            fail_msg("%s gives %.*s", cases[i][0], (int)out.len, out.data);
    }
}

static void what_is_not_one_value_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {"", " ", "{", "}", "[", "]", "[1", "[1,]", "[,1]", "{\"a\"}",
        "{\"a\":}", "{\"a\":1,}", "{1:2}", "{\"a\":1]", "[1}", "1 2", "[1] 2", "01", "1.", "+1", "truefalse",
        "nul", "NaN", "'a'", "\"a", "\"\\x\"", "\"\xff\"", "{\"a\":1 \"b\":2}", "[1 2]", ":", ",", "\"a\":1",
        "\"\\ud800\""};
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 1000);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&out);
        if (json_normal_write(span_of(cases[i]), &out))
            fail_msg("%s gives %.*s", cases[i], (int)out.len, out.data);
    }
}

static void its_depth_has_a_bound(void **state)
{
    (void)state;
    char text[2 * LIMIT_JSON_DEPTH + 2];
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 1000);
    memset(text, '[', LIMIT_JSON_DEPTH + 1);
    memset(text + LIMIT_JSON_DEPTH + 1, ']', LIMIT_JSON_DEPTH + 1);
    assert_true(json_normal_write((struct span){.at = text + 1, .len = 2 * (size_t)LIMIT_JSON_DEPTH}, &out));
    assert_false(json_normal_write((struct span){.at = text, .len = sizeof(text)}, &out));
}

static void elements_of_an_array_are_read_and_nothing_else(void **state)
{
    (void)state;
    struct json_element *elements;
    size_t count = 7;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 4096);
    assert_int_equal(json_normal_elements(span_of("[\"a\\\"b\", 1.50,null]"), &arena, 3, &elements, &count),
        JSON_ELEMENTS_OK);
    assert_int_equal(count, 3);
    assert_true(elements[0].is_string && span_is(elements[0].text, "a\"b"));
    assert_true(!elements[1].is_string && span_is(elements[1].text, "1.50"));
    assert_true(!elements[2].is_string && span_is(elements[2].text, "null"));
    assert_true(arena.used < 500); // as many as there are, and not as many as there may be
    assert_int_equal(json_normal_elements(span_of("[]"), &arena, 3, &elements, &count), JSON_ELEMENTS_OK);
    assert_int_equal(count, 0);
    assert_int_equal(
        json_normal_elements(span_of("[1,2,3,4]"), &arena, 3, &elements, &count), JSON_ELEMENTS_MANY);
    static const char *const wrong[] = {"", "1", "\"a\"", "{}", "{\"a\":1}", "[[1]]", "[{}]", "[1", "[1]]",
        "[1] 2", "[1,]", "null ", "[1] \"2", "[1]\"2\""};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        if (json_normal_elements(span_of(wrong[i]), &arena, 3, &elements, &count) != JSON_ELEMENTS_NONE)
            fail_msg("%s", wrong[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_and_escapes_are_made_alike_and_nothing_else),
        cmocka_unit_test(what_is_not_one_value_is_refused),
        cmocka_unit_test(its_depth_has_a_bound),
        cmocka_unit_test(elements_of_an_array_are_read_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
