// SPDX-License-Identifier: Apache-2.0
// Dates and the Date header.
#include "text/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/attr.h"

static void existing_days_are_read(void **state)
{
    (void)state;
    struct date date;
    assert_true(date_parse(span_of("2016-02-29"), &date));
    assert_int_equal(date.year, 2016);
    assert_int_equal(date.month, 2);
    assert_int_equal(date.day, 29);
    assert_true(date_parse(span_of("0001-01-01"), &date));
    assert_true(date_parse(span_of("9999-12-31"), &date));
    assert_true(date_parse(span_of("2000-02-29"), &date));
}

static void a_day_that_does_not_exist_is_refused(void **state)
{
    (void)state;
    static const char *wrong[] = {"", "2016-02-30", "2015-02-29", "1900-02-29", "2016-04-31", "2016-00-01",
        "2016-13-01", "2016-01-00", "2016-01-32", "0000-01-01", "2016-1-06", "2016-01-6", "16-01-06",
        "2016/01/06", "2016-01-06 ", " 2016-01-06", "2016-01-06T", "+016-01-06", "-016-01-06", "20160106",
        "2016-01-0x",
        ("\xEF\xBC\x92"
         "016-01-06")};
    struct date date = {.year = 1};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(date_parse(span_of(wrong[i]), &date));
    assert_int_equal(date.year, 1);
}

static void all_days_follow_one_another(void **state)
{
    (void)state;
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct date expected = {1, 1, 1};
    for (int32_t days = DATE_FIRST_DAY; days <= DATE_LAST_DAY; days++) {
        struct date date = date_from_days(days);
        if (date.year != expected.year || date.month != expected.month || date.day != expected.day ||
            date_to_days(date) != days)
            fail_msg("day %d is %d-%d-%d", days, date.year, date.month, date.day);
        int leap = expected.month == 2 && expected.year % 4 == 0 &&
                   (expected.year % 100 != 0 || expected.year % 400 == 0);
        if (++expected.day > month_days[expected.month - 1] + leap) {
            expected.day = 1;
            if (++expected.month > 12) {
                expected.month = 1;
                expected.year++;
            }
        }
    }
    assert_int_equal(expected.year, 10000);
    assert_int_equal(date_to_days((struct date){1970, 1, 1}), 0);
    assert_int_equal(date_to_days((struct date){2000, 3, 1}), 11017);
}

static void dates_are_written_with_all_digits(void **state)
{
    (void)state;
    char text[DATE_CHARS];
    date_format((struct date){7, 8, 9}, text);
    assert_string_equal(text, "0007-08-09");
    date_format((struct date){9999, 12, 31}, text);
    assert_string_equal(text, "9999-12-31");
}

static void http_dates_are_imf_fixdates(void **state)
{
    (void)state;
    char text[DATE_HTTP_CHARS];
    date_http(784111777, text); // RFC 9110 section 5.6.7
    assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    date_http(0, text);
    assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
    date_http(-1, text);
    assert_string_equal(text, "Wed, 31 Dec 1969 23:59:59 GMT");
    date_http(INT64_MAX, text);
    assert_string_equal(text, "Fri, 31 Dec 9999 23:59:59 GMT");
    date_http(INT64_MIN, text);
    assert_string_equal(text, "Mon, 01 Jan 0001 00:00:00 GMT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(existing_days_are_read),
        cmocka_unit_test(a_day_that_does_not_exist_is_refused),
        cmocka_unit_test(all_days_follow_one_another),
        cmocka_unit_test(dates_are_written_with_all_digits),
        cmocka_unit_test(http_dates_are_imf_fixdates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
