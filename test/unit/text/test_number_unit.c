// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/attr.h"
#include "text/number_unit.h"

static void a_unit_is_told_from_the_number(void **state)
{
    (void)state;
    static const struct {
        const char *text, *unit, *digits;
        char sign;
    } cases[] = {
        {"5", NULL, "5", '\0'},
        {"-5", NULL, "5", '-'},
        {"€5", "€", "5", '\0'},
        {"5€", "€", "5", '\0'},
        {"€ 1.234,50", "€", "1.234,50", '\0'},
        {"1\u202f234,50\u00a0€", "€", "1\u202f234,50", '\0'},
        {"-$5", "$", "5", '-'},
        {"$-5", "$", "5", '-'},
        {"-$-5", "$", "-5", '-'},
        {"US$5", "US$", "5", '\0'},
        {"5 US$", "US$", "5", '\0'},
        {"USD 5", "USD", "5", '\0'},
        {"-5,00 EUR", "EUR", "5,00", '-'},
        {"12.5 %", "%", "12.5", '\0'},
        {"€5€", "€", "5€", '\0'},
        {"€  5", "€", " 5", '\0'},
        {"5-€", "€", "5-", '\0'},
        {"5 kg", NULL, "5 kg", '\0'},
        {"€", "€", "", '\0'},
        {"-", NULL, "", '-'},
        {"", NULL, "", '\0'},
    };
    struct span units[NUMBER_UNITS];
    for (size_t i = 0; i < NUMBER_UNITS; i++)
        units[i] = span_of(number_units[i]);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct number_parts parts = number_unit_split(span_of(cases[i].text), units, NUMBER_UNITS);
        const char *unit = parts.unit >= 0 ? number_units[parts.unit] : NULL;
        bool is_same =
            unit == NULL ? cases[i].unit == NULL : cases[i].unit != NULL && strcmp(unit, cases[i].unit) == 0;
        if (!is_same || !span_is(parts.digits, cases[i].digits) || parts.sign != cases[i].sign)
            fail_msg("%s: %s, \"%.*s\"", cases[i].text, unit != NULL ? unit : "no unit",
                (int)parts.digits.len, parts.digits.at);
    }
}

static void without_units_there_are_none(void **state)
{
    (void)state;
    struct number_parts parts = number_unit_split(span_of("€5"), NULL, 0);
    assert_int_equal(parts.unit, -1);
    assert_true(span_is(parts.digits, "€5"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unit_is_told_from_the_number),
        cmocka_unit_test(without_units_there_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
