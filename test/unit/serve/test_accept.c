// SPDX-License-Identifier: Apache-2.0
#include "serve/accept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"

static unsigned weight(const char *first, const char *second)
{
    struct http_request request = {.field_count = second != NULL ? 2 : 1};
    request.fields[0] = (struct http_field){.name = span_of("aCCept"), .value = span_of(first)};
    if (second != NULL)
        request.fields[1] = (struct http_field){.name = span_of("Accept"), .value = span_of(second)};
    return accept_weight(&request, "application/json; charset=utf-8");
}

static void the_closest_range_decides(void **state)
{
    (void)state;
    assert_int_equal(weight("*/*", NULL), 1000);
    assert_int_equal(weight("application/*", NULL), 1000);
    assert_int_equal(weight("text/html;level=1, APPLICATION/json ; q=0.3", NULL), 300);
    assert_int_equal(weight("text/html", NULL), 0);
    assert_int_equal(weight("*/*, application/json;q=0", NULL), 0);
    assert_int_equal(weight("application/json;q=0.000, */*", NULL), 0);
    assert_int_equal(weight("*/*;q=0, application/*;q=0.25", NULL), 250);
    assert_int_equal(weight("application/*;q=0, */*", NULL), 0);
    assert_int_equal(weight("application/json;v=1;q=0.5", NULL), 500);
    assert_int_equal(weight("application/json;q=0.2, application/json;q=0.4", NULL), 400);
}

static void weights_have_up_to_three_decimals(void **state)
{
    (void)state;
    assert_int_equal(weight("*/*;q=0.123", NULL), 123);
    assert_int_equal(weight("*/*; Q = 0.9", NULL), 900);
    assert_int_equal(weight("*/*;q=0.", NULL), 0);
    assert_int_equal(weight("*/*;q=1.000", NULL), 1000);
    assert_int_equal(weight("*/*;q=1.5", NULL), 1000);
    const char *const broken[] = {
        "*/*;q=", "*/*;q=2", "*/*;q=x", "*/*;q=0,5", "*/*;q=0.1234", "*/*;q=00", "*/*;q=0.x", "*/*;q"};
    for (size_t i = 0; i < ARRAY_LEN(broken); i++)
        assert_int_equal(weight(broken[i], NULL), i == 3 ? 0 : 1000); // of 0,5 the 5 is a broken range
}

static void several_fields_are_one_list(void **state)
{
    (void)state;
    assert_int_equal(weight("text/html", "application/json"), 1000);
    assert_int_equal(weight("text/html", "text/plain"), 0);
}

static void without_a_range_everything_is_taken(void **state)
{
    (void)state;
    struct http_request none = {0};
    assert_int_equal(accept_weight(&none, "text/csv"), 1000);
    assert_int_equal(weight("", NULL), 1000);
    assert_int_equal(weight(" , ,", NULL), 1000);
}

static void broken_ranges_cover_nothing(void **state)
{
    (void)state;
    const char *const broken[] = {
        "application", "/", "*", "application/", "application/js*", "*/json", ";q=1", "applicationxjson"};
    for (size_t i = 0; i < ARRAY_LEN(broken); i++)
        assert_int_equal(weight(broken[i], NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_closest_range_decides),
        cmocka_unit_test(weights_have_up_to_three_decimals),
        cmocka_unit_test(several_fields_are_one_list),
        cmocka_unit_test(without_a_range_everything_is_taken),
        cmocka_unit_test(broken_ranges_cover_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
