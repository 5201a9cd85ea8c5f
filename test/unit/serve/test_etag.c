// SPDX-License-Identifier: Apache-2.0
#include "serve/etag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"

static bool listed(const char *list, enum etag_comparison comparison)
{
    return etag_is_listed(span_of(list), span_of("\"a,b\""), comparison);
}

static void one_of_a_list_is_enough(void **state)
{
    (void)state;
    const char *const lists[] = {
        "\"a,b\"", " \"a,b\" ", "\"x\", \"a,b\"", "\"a,b\",\"x\"", "*", "\t* ", ",, \"x\" ,\"\",\"a,b\""};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        assert_true(etag_list_is_valid(span_of(lists[i])));
        assert_true(listed(lists[i], ETAG_STRONG));
        assert_true(listed(lists[i], ETAG_WEAK));
    }
}

static void a_weak_tag_equals_none_when_compared_strongly(void **state)
{
    (void)state;
    assert_true(listed("\"x\", W/\"a,b\"", ETAG_WEAK));
    assert_false(listed("\"x\", W/\"a,b\"", ETAG_STRONG));
    assert_true(listed("W/\"a,b\", \"a,b\"", ETAG_STRONG));
}

static void other_tags_are_not_it(void **state)
{
    (void)state;
    const char *const lists[] = {"", " ", ",,", "\"a\"", "\"A,B\"", "\"*\"", "\"\xc3\xa9\"", "W/\"\""};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        assert_true(etag_list_is_valid(span_of(lists[i])));
        assert_false(listed(lists[i], ETAG_WEAK));
    }
}

static void nothing_but_star_names_what_has_no_tag(void **state)
{
    (void)state;
    assert_true(etag_is_listed(span_of("*"), (struct span){0}, ETAG_STRONG));
    assert_false(etag_is_listed(span_of("\"\""), (struct span){0}, ETAG_WEAK));
}

static void other_texts_are_no_list(void **state)
{
    (void)state;
    const char *const lists[] = {"a,b", "\"a,b", "w/\"a,b\"", "W/", "W", "**", "\"x\", *", "*, \"x\"", "*,",
        "x, \"a,b\"", "\"", "\"a, \"b\"", "W/W/\"a,b\"", "\"a\" \"a,b\"", "\"a,b\"x", "\"a b\"", "\"a\x7f\"",
        "W/ \"a\""};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        assert_false(etag_list_is_valid(span_of(lists[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_a_list_is_enough),
        cmocka_unit_test(a_weak_tag_equals_none_when_compared_strongly),
        cmocka_unit_test(other_tags_are_not_it),
        cmocka_unit_test(nothing_but_star_names_what_has_no_tag),
        cmocka_unit_test(other_texts_are_no_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
