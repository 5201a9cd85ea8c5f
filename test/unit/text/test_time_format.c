// SPDX-License-Identifier: Apache-2.0
// Dates and times as files have them, by a format.
#include "text/time_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"

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
    expect_format("%d %b %Y", "1 January 2026", NULL, "2026-01-01");
    expect_format("%d %B %Y", "1 may 2026", NULL, "2026-05-01");
    expect_format("%B %d, %Y", "Sep 30, 2026", NULL, "2026-09-30");
    expect_format("%B %d, %Y", "SEPTEMBER 30, 2026", NULL, "2026-09-30");
    expect_format("%B %d, %Y", "Septem 30, 2026", NULL, "");
    expect_format("%B %d, %Y", "Janvier 30, 2026", NULL, "");
    expect_format("%d %B", "30 Ju", NULL, "");
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

// A moment as "2026-01-31 13:05:00.000000", with "+3600" behind it where there is an offset.
static void expect_moment(const char *format, const char *text, const char *expected)
{
    struct time_parts parts;
    char written[80] = "";
    if (time_format_read(span_of(text), span_of(format), NULL, &parts)) {
        int second = parts.second_of_day;
        int len = snprintf(written, sizeof(written), "%04d-%02d-%02d %02d:%02d:%02d.%06d", parts.date.year,
            parts.date.month, parts.date.day, second / 3600, second / 60 % 60, second % 60, parts.us);
        if (parts.has_offset)
            snprintf(written + len, sizeof(written) - (size_t)len, "%+d", parts.offset_s);
    }
    if (strcmp(written, expected) != 0)
        fail_msg("%s as %s is %s, not %s", text, format, written, expected);
}

static void a_moment_is_read_as_its_format_says(void **state)
{
    (void)state;
    expect_moment("%d.%m.%Y %H:%M", "31.12.2025 10:00", "2025-12-31 10:00:00.000000");
    expect_moment("%d.%m.%Y %H:%M", "1.2.2025 9:05", "2025-02-01 09:05:00.000000");
    expect_moment("%d.%m.%Y %H:%M", "31.12.2025 24:00", "");
    expect_moment("%d.%m.%Y %H:%M", "31.12.2025 10:60", "");
    expect_moment("%d.%m.%Y %H:%M", "31.12.2025 10:00:00", "");
    expect_moment("%d.%m.%Y %H:%M", "31.12.2025", "");
    expect_moment("%m/%d/%Y %I:%M:%S %p", "12/31/2025 1:30:05 PM", "2025-12-31 13:30:05.000000");
    expect_moment("%m/%d/%Y %I:%M:%S %p", "12/31/2025 12:30:05 am", "2025-12-31 00:30:05.000000");
    expect_moment("%m/%d/%Y %I:%M%p", "12/31/2025 12:30p.m.", "2025-12-31 12:30:00.000000");
    expect_moment("%m/%d/%Y %I:%M%p", "12/31/2025 0:30pm", "");
    expect_moment("%m/%d/%Y %I:%M%p", "12/31/2025 13:30pm", "");
    expect_moment("%d-%b-%y %H.%M.%S", "31-DEC-25 10.00.59", "2025-12-31 10:00:59.000000");
    expect_moment("%d-%b-%y %H.%M.%S", "31-Dez-25 10.00.59", "");
    expect_moment("%Y-%m-%d %H:%M:%S.%f", "2026-01-01 10:00:00.25", "2026-01-01 10:00:00.250000");
    expect_moment("%Y-%m-%d %H:%M:%S,%f", "2026-01-01 10:00:00,123456789", "2026-01-01 10:00:00.123456");
    expect_moment("%Y-%m-%d %H:%M:%S,%f", "2026-01-01 10:00:00,1234567890", "");
    expect_moment("%Y-%m-%d %H:%M:%S,%f", "2026-01-01 10:00:00,", "");
    expect_moment("%d.%m.%Y %H:%M:%S.%f", "01.02.2026 10:00:59", "2026-02-01 10:00:59.000000");
    expect_moment("%d.%m.%Y %H:%M:%S.%f%z", "01.02.2026 10:00:59Z", "2026-02-01 10:00:59.000000+0");
    expect_moment("%d.%m.%Y %H:%M:%S.%f", "01.02.2026 10:00:59,5", "");
    expect_moment("%Y-%m-%d %H:%M:%S %z", "2026-01-01 10:00:00 +0100", "2026-01-01 10:00:00.000000+3600");
    expect_moment("%Y-%m-%d %H:%M:%S%z", "2026-01-01 10:00:00-05:30", "2026-01-01 10:00:00.000000-19800");
    expect_moment("%Y-%m-%d %H:%M:%S%z", "2026-01-01 10:00:00-05", "2026-01-01 10:00:00.000000-18000");
    expect_moment("%Y-%m-%d %H:%M:%S%z", "2026-01-01 10:00:00Z", "2026-01-01 10:00:00.000000+0");
    expect_moment("%Y-%m-%d %H:%M:%S%z", "2026-01-01 10:00:00+24:00", "");
    expect_moment("%Y-%m-%d %H:%M:%S%z", "2026-01-01 10:00:00+1", "");
    expect_moment("%Y%m%d%H%M%S", "20260101100005", "2026-01-01 10:00:05.000000");
    expect_moment("%Y%m%d%H%M%S", "2026010110000", "2026-01-01 10:00:00.000000"); // %S is the last
    expect_moment("%d.%m.%Y %H:%M:%S", "31.12.2016 23:59:60", "2016-12-31 24:00:00.000000");
}

static void a_wrong_format_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        const char *problem;
        enum time_format_use use;
    } formats[] = {
        {"%m/%d/%y", NULL, FORMAT_OF_DATE},
        {"%Y-%m-%d", NULL, FORMAT_OF_DATE},
        {"%Y%m%d", NULL, FORMAT_OF_DATE},
        {"%d%%%m%%%y", NULL, FORMAT_OF_DATE},
        {"%Y-%d-%m.", NULL, FORMAT_OF_DATE},
        {"", "has to have %d, %m or %b, and %Y or %y", FORMAT_OF_DATE},
        {"%%d/%m/%y", "has to have %d, %m or %b, and %Y or %y", FORMAT_OF_DATE},
        {"%m/%y", "has to have %d, %m or %b, and %Y or %y", FORMAT_OF_DATE},
        {"%d/%y", "has to have %d, %m or %b, and %Y or %y", FORMAT_OF_DATE},
        {"%d/%m", "has to have %d, %m or %b, and %Y or %y", FORMAT_OF_DATE},
        {"%d/%m/%m/%y", "has %m twice", FORMAT_OF_DATE},
        {"%Y%d/%m/%Y", "has %Y twice", FORMAT_OF_DATE},
        {"%y%d/%m/%y", "has %y twice", FORMAT_OF_DATE},
        {"%d/%d/%m/%y", "has %d twice", FORMAT_OF_DATE},
        {"%d/%m/%Y %y", "has both %Y and %y", FORMAT_OF_DATE},
        {"%d/%Q/%Y", "has a conversion that is none of %d, %m, %b, %B, %Y, %y and %%", FORMAT_OF_DATE},
        {"%d/%m/%y%", "has a conversion that is none of %d, %m, %b, %B, %Y, %y and %%", FORMAT_OF_DATE},
        {"%d/%m/% y", "has a conversion that is none of %d, %m, %b, %B, %Y, %y and %%", FORMAT_OF_DATE},
        {"%d/%m/20%y", "has a digit, which cannot be told from those of the date", FORMAT_OF_DATE},
        {"%Y-%d-%m", "cannot be told from YYYY-MM-DD, which is always read, too", FORMAT_OF_DATE},
        {"%d-%b-%Y", NULL, FORMAT_OF_DATE},
        {"%B %d, %Y", NULL, FORMAT_OF_DATE},
        {"%d %B %b %Y", "has two of %m, %b and %B", FORMAT_OF_DATE},
        {"%d %B %B %Y", "has %B twice", FORMAT_OF_DATE},
        {"%d/%m/%b/%Y", "has two of %m, %b and %B", FORMAT_OF_DATE},
        {"%d/%m/%Y %H", "has a conversion that is none of %d, %m, %b, %B, %Y, %y and %%", FORMAT_OF_DATE},
        {"%H:%M", NULL, FORMAT_OF_TIME},
        {"%H.%M.%S.%f", NULL, FORMAT_OF_TIME},
        {"%I:%M %p", NULL, FORMAT_OF_TIME},
        {"%I:%M", "has %I without %p, so that nobody knows which half of the day is meant", FORMAT_OF_TIME},
        {"%H:%M %p", "has %p, which goes with %I, not with %H", FORMAT_OF_TIME},
        {"%H:%I:%M", "has both %H and %I", FORMAT_OF_TIME},
        {"%H", "has to have %H or %I, and %M", FORMAT_OF_TIME},
        {"%S", "has to have %H or %I, and %M", FORMAT_OF_TIME},
        {"%M:%H", "cannot be told from hh:mm:ss, which is always read, too", FORMAT_OF_TIME},
        {"%H:%M.%f", "has %f, which are the decimal places of %S, without %S", FORMAT_OF_TIME},
        {"%d %H:%M", "has a conversion that is none of %H, %I, %p, %M, %S, %f and %%", FORMAT_OF_TIME},
        {"%H:%M%z", "has a conversion that is none of %H, %I, %p, %M, %S, %f and %%", FORMAT_OF_TIME},
        {"%d.%m.%Y %H:%M", NULL, FORMAT_OF_TIMESTAMP},
        {"%b %d %Y %I:%M:%S.%f %p %z", NULL, FORMAT_OF_TIMESTAMP},
        {"%Y-%m-%d %H:%M:%S", NULL, FORMAT_OF_TIMESTAMP},
        {"%d.%m.%Y", "has to have %d, %m or %b, %Y or %y, %H or %I, and %M", FORMAT_OF_TIMESTAMP},
        {"%H:%M", "has to have %d, %m or %b, %Y or %y, %H or %I, and %M", FORMAT_OF_TIMESTAMP},
        {"%Y-%d-%m %H:%M", "cannot be told from YYYY-MM-DDThh:mm:ss, which is always read, too",
            FORMAT_OF_TIMESTAMP},
        {"%Y-%d-%mT%H:%M:%S%z", "cannot be told from YYYY-MM-DDThh:mm:ss, which is always read, too",
            FORMAT_OF_TIMESTAMP},
        {"%d.%m.%Y %H:%M %q",
            "has a conversion that is none of %d, %m, %b, %B, %Y, %y, %H, %I, %p, %M, %S, %f, %z and %%",
            FORMAT_OF_TIMESTAMP},
    };
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        const char *problem = time_format_problem(span_of(formats[i].format), formats[i].use);
        if (formats[i].problem == NULL)
            assert_null(problem);
        else
            assert_string_equal(problem, formats[i].problem);
    }
    assert_true(time_format_has(span_of("%d%%y%y"), 'y'));
    assert_false(time_format_has(span_of("%d%%y"), 'y'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_date_is_read_as_its_format_says),
        cmocka_unit_test(a_format_lets_plain_dates_pass),
        cmocka_unit_test(two_digits_of_a_year_turn_at_69),
        cmocka_unit_test(in_the_past_they_mean_the_latest_century_that_has_come),
        cmocka_unit_test(a_moment_is_read_as_its_format_says),
        cmocka_unit_test(a_wrong_format_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
