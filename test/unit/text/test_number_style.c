// SPDX-License-Identifier: Apache-2.0
#include "text/number_style.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static bool fits(const char *text, char decimal, char thousands, struct number_shape *ret_shape)
{
    return number_style_fits(
        span_of(text), (struct number_style){.decimal = decimal, .thousands = thousands}, ret_shape);
}

static void a_number_has_the_signs_of_its_style(void **state)
{
    (void)state;
    struct number_shape shape;
    assert_true(fits("-1234.50", '.', '\0', &shape));
    assert_int_equal(shape.whole, 4);
    assert_int_equal(shape.scale, 2);
    assert_true(fits("1.234.567,8", ',', '.', &shape));
    assert_int_equal(shape.whole, 7);
    assert_int_equal(shape.scale, 1);
    assert_true(shape.has_groups);
    assert_true(fits("1 234\xC2\xA0"
                     "567\xE2\x80\xAF"
                     "890",
        ',', ' ', &shape));
    assert_int_equal(shape.whole, 10);
    assert_true(fits("12'345", '.', '\'', &shape));
    assert_true(fits("12\u2019345.5", '.', '\'', &shape));
    assert_true(fits("12\u2009345,5", ',', ' ', &shape));
    assert_int_equal(shape.whole, 5);
    assert_true(fits(".5", '.', '\0', &shape));
    assert_true(fits("5,", ',', '.', &shape));
    assert_true(fits("+7", '.', '\0', &shape));
    assert_true(fits("1234,5", ',', '.', &shape)); // without separators
    assert_false(shape.has_groups);
}

static void what_is_not_of_the_style_is_refused(void **state)
{
    (void)state;
    struct number_shape shape;
    static const char *const bad[] = {"", "-", ".", ",", "1.23,4", "1.2345", "1234.567", "0.123", "1.234.56",
        ".123", "1..234", "1,2,3", "1 234", "12a", "1,5 ", "1.234,5.6"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(fits(bad[i], ',', '.', &shape));
    assert_false(fits("1,5", '.', '\0', &shape));
    assert_false(fits("1.5", ',', '\0', &shape));
}

static void zeros_in_front_are_told(void **state)
{
    (void)state;
    struct number_shape shape;
    assert_true(fits("01067", '.', '\0', &shape));
    assert_true(shape.zero_filled);
    assert_true(fits("0.5", '.', '\0', &shape));
    assert_false(shape.zero_filled);
    assert_true(fits("0", '.', '\0', &shape));
    assert_false(shape.zero_filled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_has_the_signs_of_its_style),
        cmocka_unit_test(what_is_not_of_the_style_is_refused),
        cmocka_unit_test(zeros_in_front_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
