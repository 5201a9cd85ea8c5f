// SPDX-License-Identifier: Apache-2.0
#include "serve/etag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"

static bool listed(const char *list)
{
    return etag_is_listed(span_of(list), span_of("\"a,b\""));
}

static void one_of_a_list_is_enough(void **state)
{
    (void)state;
    const char *const lists[] = {"\"a,b\"", " \"a,b\" ", "\"x\", \"a,b\"", "\"a,b\",\"x\"", "W/\"a,b\"", "*",
        "\t* ", ",, \"x\" ,\"\",W/\"a,b\""};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        assert_true(listed(lists[i]));
}

static void nothing_else_will_do(void **state)
{
    (void)state;
    const char *const lists[] = {"", " ", "a,b", "\"a\"", "\"a,b", "w/\"a,b\"", "W/", "W", "\"A,B\"", "**",
        "\"x\", *", "x, \"a,b\"", "\"", "\"a, \"b\"", "W/W/\"a,b\"", "\"a\" \"a,b\"", "\"a,b\"x"};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        assert_false(listed(lists[i]));
    assert_false(etag_is_listed((struct span){0}, span_of("\"x\"")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_a_list_is_enough),
        cmocka_unit_test(nothing_else_will_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
