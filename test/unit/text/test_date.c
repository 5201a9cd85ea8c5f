// SPDX-License-Identifier: Apache-2.0
// Dates, timestamps and the Date header.
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

static void assert_timestamp(const char *text, const char *expected)
{
    int64_t ms;
    char out[TIMESTAMP_CHARS];
    assert_true(timestamp_parse(span_of(text), &ms));
    timestamp_format(ms, out);
    assert_string_equal(out, expected);
}

static void timestamps_are_normalised_to_utc(void **state)
{
    (void)state;
    assert_timestamp("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z");
    assert_timestamp("2016-12-31t23:59:59z", "2016-12-31T23:59:59.000Z");
    assert_timestamp("1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57.000Z"); // RFC 3339 section 5.8
    assert_timestamp("1937-01-01T12:00:27.87+00:20", "1937-01-01T11:40:27.870Z");
    assert_timestamp("2020-01-01T00:00:00-00:00", "2020-01-01T00:00:00.000Z");
    assert_timestamp("2020-01-01T00:00:00.1Z", "2020-01-01T00:00:00.100Z");
    assert_timestamp("2020-01-01T00:00:00.000Z", "2020-01-01T00:00:00.000Z");
    assert_timestamp("2020-01-01T00:00:00.000999999Z", "2020-01-01T00:00:00.000Z");
    assert_timestamp("1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999Z");
    assert_timestamp("0001-01-01T23:59:00+23:59", "0001-01-01T00:00:00.000Z");
    assert_timestamp("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z");
    assert_timestamp("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z");
    assert_timestamp("2017-01-01T00:59:60.5+01:00", "2017-01-01T00:00:00.500Z");
}

static void what_rfc_3339_does_not_allow_is_refused(void **state)
{
    (void)state;
    static const char *wrong[] = {"", "2020-01-01", "2020-01-01T00:00:00", "2020-01-01 00:00:00Z",
        "2020-01-01T00:00Z", "2020-01-01T24:00:00Z", "2020-01-01T00:60:00Z", "2016-12-31T23:58:60Z",
        "2016-12-31T23:59:60+01:00", "2016-12-31T23:59:61Z", "2020-02-30T00:00:00Z", "2020-01-01T00:00:00.Z",
        "2020-01-01T00:00:00.1234567890Z", "2020-01-01T00:00:00,5Z", "2020-01-01T00:00:00+0100",
        "2020-01-01T00:00:00+24:00", "2020-01-01T00:00:00+01:60", "2020-01-01T00:00:00+1:00",
        "2020-01-01T00:00:00ZZ", "2020-01-01T00:00:00Z ", "2020-01-01T0:00:000Z", "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01", "2020-01-01T00:00:00.5", "2020-01-01T00-00-00Z"};
    int64_t ms = 7;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(timestamp_parse(span_of(wrong[i]), &ms));
    assert_int_equal(ms, 7);
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

// --- formats

static void expect_format(
    const char *format, const char *text, const struct date *today, const char *expected)
{
    struct date date = {.year = 1, .month = 1, .day = 1};
    char written[DATE_CHARS] = "";
    if (date_parse_format(span_of(text), span_of(format), today, &date))
        date_format(date, written);
    else
        assert_int_equal(date.year, 1); // untouched
    if (strcmp(written, expected) != 0)
        fail_msg("%s as %s is %s, not %s", text, format, written, expected);
}

static void a_date_is_read_as_its_format_says(void **state)
{
    (void)state;
    expect_format("%m/%d/%Y", "01/06/2016", NULL, "2016-01-06");
    expect_format("%m/%d/%Y", "1/6/2016", NULL, "2016-01-06");
    expect_format("%d.%m.%Y", "29.2.2016", NULL, "2016-02-29");
    expect_format("%d.%m.%Y", "29.2.2015", NULL, "");
    expect_format("%d.%m.%Y", "0.2.2015", NULL, "");
    expect_format("%d.%m.%Y", "1.13.2015", NULL, "");
    expect_format("%d.%m.%Y", "1.1.0000", NULL, "");
    expect_format("%d.%m.%Y", "001.1.2015", NULL, "");
    expect_format("%d.%m.%Y", "1.1.215", NULL, "");
    expect_format("%d.%m.%Y", "1.1.20155", NULL, "");
    expect_format("%d.%m.%Y", " 1.1.2015", NULL, "");
    expect_format("%d.%m.%Y", "1.1.2015 ", NULL, "");
    expect_format("%d.%m.%Y", "1.1", NULL, "");
    expect_format("%d.%m.%Y", "-1.1.2015", NULL, "");
    expect_format("%d.%m.%Y", "", NULL, "");
    expect_format("%Y%m%d", "20160106", NULL, "2016-01-06");
    expect_format("%Y%m%d", "2016016", NULL, "2016-01-06");
    expect_format("%Y%m%d", "201616", NULL, "");
    expect_format("%d%m%y", "060116", NULL, "2016-01-06");
    expect_format("%d%m%y", "6116", NULL, "");
    expect_format("on %d%%%m, %Y", "on 6%1, 2016", NULL, "2016-01-06");
    expect_format("on %d%%%m, %Y", "on 6.1, 2016", NULL, "");
}

static void a_format_lets_plain_dates_pass(void **state)
{
    (void)state;
    expect_format("%m/%d/%y", "2016-01-06", NULL, "2016-01-06");
    expect_format("%d-%m-%Y", "2016-01-06", NULL, "2016-01-06");
    expect_format("%d-%m-%Y", "06-01-2016", NULL, "2016-01-06");
    expect_format("%y-%m-%d", "16-01-06", NULL, "2016-01-06");
    expect_format("%y-%m-%d", "2016-01-06", NULL, "2016-01-06");
    expect_format("%m/%d/%y", "2016-02-30", NULL, "");
    expect_format("%m/%d/%y", "2016-1-6", NULL, "");
}

static void two_digits_of_a_year_turn_at_69(void **state)
{
    (void)state;
    expect_format("%m/%d/%y", "1/6/68", NULL, "2068-01-06");
    expect_format("%m/%d/%y", "1/6/69", NULL, "1969-01-06");
    expect_format("%m/%d/%y", "1/6/99", NULL, "1999-01-06");
    expect_format("%m/%d/%y", "1/6/00", NULL, "2000-01-06");
    expect_format("%m/%d/%y", "1/6/1", NULL, "");
    expect_format("%m/%d/%y", "1/6/2016", NULL, "");
}

static void in_the_past_they_mean_the_latest_century_that_has_come(void **state)
{
    (void)state;
    struct date today = {.year = 2026, .month = 11, .day = 21};
    expect_format("%m/%d/%y", "11/21/26", &today, "2026-11-21"); // today is not in the future
    expect_format("%m/%d/%y", "11/22/26", &today, "1926-11-22");
    expect_format("%m/%d/%y", "12/1/26", &today, "1926-12-01");
    expect_format("%m/%d/%y", "10/31/26", &today, "2026-10-31");
    expect_format("%m/%d/%y", "1/1/27", &today, "1927-01-01");
    expect_format("%m/%d/%y", "1/1/00", &today, "2000-01-01");
    expect_format("%m/%d/%y", "2/29/00", &today, "2000-02-29");
    expect_format("%m/%d/%y", "2/29/28", &today, "1928-02-29");
    expect_format("%m/%d/%y", "2/29/27", &today, "");
    expect_format("%m/%d/%y", "2030-01-01", &today, "2030-01-01"); // four digits mean themselves
    today = (struct date){.year = 2000, .month = 2, .day = 28};
    expect_format("%m/%d/%y", "2/29/00", &today, ""); // 1900 had none
    expect_format("%m/%d/%y", "2/28/00", &today, "2000-02-28");
    today = (struct date){.year = 50, .month = 1, .day = 1};
    expect_format("%m/%d/%y", "2/28/60", &today, ""); // before all years
}

static void a_wrong_format_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        const char *problem;
    } formats[] = {
        {"%m/%d/%y", NULL},
        {"%Y-%m-%d", NULL},
        {"%Y%m%d", NULL},
        {"%d%%%m%%%y", NULL},
        {"%Y-%d-%m.", NULL},
        {"", "has to have %d, %m, and %Y or %y"},
        {"%%d/%m/%y", "has to have %d, %m, and %Y or %y"},
        {"%m/%y", "has to have %d, %m, and %Y or %y"},
        {"%d/%y", "has to have %d, %m, and %Y or %y"},
        {"%d/%m", "has to have %d, %m, and %Y or %y"},
        {"%d/%m/%m/%y", "has %m twice"},
        {"%Y%d/%m/%Y", "has %Y twice"},
        {"%y%d/%m/%y", "has %y twice"},
        {"%d/%d/%m/%y", "has %d twice"},
        {"%d/%m/%Y %y", "has both %Y and %y"},
        {"%d/%b/%Y", "has a conversion that is none of %d, %m, %Y, %y and %%"},
        {"%d/%m/%y%", "has a conversion that is none of %d, %m, %Y, %y and %%"},
        {"%d/%m/% y", "has a conversion that is none of %d, %m, %Y, %y and %%"},
        {"%d/%m/20%y", "has a digit, which cannot be told from those of the date"},
        {"%Y-%d-%m", "cannot be told from YYYY-MM-DD, which is always read, too"},
    };
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        const char *problem = date_format_problem(span_of(formats[i].format));
        if (formats[i].problem == NULL)
            assert_null(problem);
        else
            assert_string_equal(problem, formats[i].problem);
    }
    assert_true(date_format_has(span_of("%d%%y%y"), 'y'));
    assert_false(date_format_has(span_of("%d%%y"), 'y'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(existing_days_are_read),
        cmocka_unit_test(a_day_that_does_not_exist_is_refused),
        cmocka_unit_test(all_days_follow_one_another),
        cmocka_unit_test(dates_are_written_with_all_digits),
        cmocka_unit_test(timestamps_are_normalised_to_utc),
        cmocka_unit_test(what_rfc_3339_does_not_allow_is_refused),
        cmocka_unit_test(http_dates_are_imf_fixdates),
        cmocka_unit_test(a_date_is_read_as_its_format_says),
        cmocka_unit_test(a_format_lets_plain_dates_pass),
        cmocka_unit_test(two_digits_of_a_year_turn_at_69),
        cmocka_unit_test(in_the_past_they_mean_the_latest_century_that_has_come),
        cmocka_unit_test(a_wrong_format_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
