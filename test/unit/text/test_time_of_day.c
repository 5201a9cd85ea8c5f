// SPDX-License-Identifier: Apache-2.0
// Times of the day.
#include "text/time_of_day.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/attr.h"

static void expect_time(const char *text, const char *expected)
{
    int64_t us = 7;
    char written[TIME_OF_DAY_CHARS] = "";
    if (time_of_day_parse(span_of(text), &us))
        assert_int_equal(time_of_day_format(us, written), strlen(expected));
    else
        assert_int_equal(us, 7);
    if (strcmp(written, expected) != 0)
        fail_msg("%s is %s, not %s", text, written, expected);
}

static void each_time_has_one_text(void **state)
{
    (void)state;
    expect_time("00:00", "00:00:00");
    expect_time("09:05", "09:05:00");
    expect_time("09:05:07", "09:05:07");
    expect_time("23:59:59.999999", "23:59:59.999999");
    expect_time("10:00:00.5", "10:00:00.5");
    expect_time("10:00:00.500000", "10:00:00.5");
    expect_time("10:00:00.000000", "10:00:00");
    expect_time("10:00:00.000001", "10:00:00.000001");
}

static void what_is_no_time_of_a_day_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "9:05", "09:5", "24:00", "24:00:00", "09:60", "23:59:60",
        "09:05:", "09:05:7", "09:05:07.", "09:05:07.1234567", "09:05.5", "09:05:07Z", " 09:05", "09:05 ",
        "09-05", "0905", "-9:05", "09:05:07,5", "09:05:07.5x"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        expect_time(wrong[i], "");
}

static void texts_sort_as_times_do(void **state)
{
    (void)state;
    char before[TIME_OF_DAY_CHARS] = "", text[TIME_OF_DAY_CHARS];
    for (int64_t us = 0; us < US_PER_DAY; us += us % 3 == 0 ? 1 + us % 1000003 : 99999 + us % 7) {
        int64_t again;
        time_of_day_format(us, text);
        assert_true(strcmp(before, text) < 0);
        assert_true(time_of_day_parse(span_of(text), &again) && again == us);
        memcpy(before, text, sizeof(before));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_time_has_one_text),
        cmocka_unit_test(what_is_no_time_of_a_day_is_refused),
        cmocka_unit_test(texts_sort_as_times_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
