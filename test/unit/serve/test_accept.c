// SPDX-License-Identifier: Apache-2.0
#include "serve/accept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/attr.h"

static bool allowed(const char *first, const char *second)
{
    struct http_request request = {.field_count = second != NULL ? 2 : 1};
    request.fields[0] = (struct http_field){.name = span_of("aCCept"), .value = span_of(first)};
    if (second != NULL)
        request.fields[1] = (struct http_field){.name = span_of("Accept"), .value = span_of(second)};
    return accept_allows(&request, "application/json");
}

static void the_closest_range_decides(void **state)
{
    (void)state;
    assert_true(allowed("*/*", NULL));
    assert_true(allowed("application/*", NULL));
    assert_true(allowed("text/html;level=1, APPLICATION/json ; q=0.3", NULL));
    assert_false(allowed("text/html", NULL));
    assert_false(allowed("*/*, application/json;q=0", NULL));
    assert_false(allowed("application/json;q=0.000, */*", NULL));
    assert_true(allowed("*/*;q=0, application/*", NULL));
    assert_false(allowed("application/*;q=0, */*", NULL));
    assert_true(allowed("application/json;v=1;q=0.5", NULL));
}

static void several_fields_are_one_list(void **state)
{
    (void)state;
    assert_true(allowed("text/html", "application/json"));
    assert_false(allowed("text/html", "text/plain"));
}

static void without_a_range_everything_is_taken(void **state)
{
    (void)state;
    struct http_request none = {0};
    assert_true(accept_allows(&none, "application/json"));
    assert_true(allowed("", NULL));
    assert_true(allowed(" , ,", NULL));
}

static void broken_ranges_cover_nothing(void **state)
{
    (void)state;
    const char *const broken[] = {
        "application", "/", "*", "application/", "application/js*", "*/json", ";q=1", "applicationxjson"};
    for (size_t i = 0; i < ARRAY_LEN(broken); i++)
        assert_false(allowed(broken[i], NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_closest_range_decides),
        cmocka_unit_test(several_fields_are_one_list),
        cmocka_unit_test(without_a_range_everything_is_taken),
        cmocka_unit_test(broken_ranges_cover_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
