// SPDX-License-Identifier: Apache-2.0
// Calendar arithmetic counts years from March, so that the leap day is a year's last, and eras of 400 years,
// which all have the same number of days. Days are counted from 1970-01-01, and whether one exists is checked
// where a text is read, so that all else works on days that do. Pure; any thread.
#include "text/date.h"

#include <string.h>

#include "text/digits.h"
#include "text/time_of_day.h"

enum {
    DAYS_PER_YEAR = 365,
    DAYS_PER_ERA = 400 * DAYS_PER_YEAR + 97, // 97 leap days in 400 years
    MARCH_0000 = -719468,                    // 0000-03-01, the first day of era 0, since 1970-01-01
};

// Days before the first of a month in a year that begins with March: 0, 31, 61, … for month 0, 1, 2, …
static int days_before_month(int march_month)
{
    return (153 * march_month + 2) / 5; // 153 days in each five months from March and from August
}

int32_t date_to_days(struct date date)
{
    int year = date.month > 2 ? date.year : date.year - 1;
    int march_month = date.month > 2 ? date.month - 3 : date.month + 9;
    return MARCH_0000 + year * DAYS_PER_YEAR + year / 4 - year / 100 + year / 400 +
           days_before_month(march_month) + date.day - 1;
}

struct date date_from_days(int32_t days)
{
    int since = days - MARCH_0000;
    int era = since / DAYS_PER_ERA;
    int day_of_era = since % DAYS_PER_ERA;
    // The era's days without its leap days before this one: after each 4th year, not each 100th, and the
    // last.
    int leap_days = day_of_era / 1460 - day_of_era / 36524 + day_of_era / (DAYS_PER_ERA - 1);
    int year_of_era = (day_of_era - leap_days) / DAYS_PER_YEAR;
    int day_of_year = day_of_era - (year_of_era * DAYS_PER_YEAR + year_of_era / 4 - year_of_era / 100);
    int march_month = (5 * day_of_year + 2) / 153;
    return (struct date){
        .year = era * 400 + year_of_era + (march_month >= 10),
        .month = march_month < 10 ? march_month + 3 : march_month - 9,
        .day = day_of_year - days_before_month(march_month) + 1,
    };
}

bool date_is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of_month(int year, int month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && date_is_leap(year));
}

bool date_exists(struct date date)
{
    return date.year >= 1 && date.month >= 1 && date.month <= 12 && date.day >= 1 &&
           date.day <= days_of_month(date.year, date.month);
}

bool date_parse(struct span text, struct date *ret_date)
{
    if (text.len != DATE_CHARS - 1 || text.at[4] != '-' || text.at[7] != '-')
        return false;
    int year = digits_read(text.at, 4), month = digits_read(text.at + 5, 2),
        day = digits_read(text.at + 8, 2);
    struct date date = {.year = year, .month = month, .day = day};
    if (!date_exists(date))
        return false;
    *ret_date = date;
    return true;
}

void date_format(struct date date, char out[DATE_CHARS])
{
    digits_write(out, 4, date.year);
    out[4] = '-';
    digits_write(out + 5, 2, date.month);
    out[7] = '-';
    digits_write(out + 8, 2, date.day);
    out[10] = '\0';
}

void date_http(int64_t unix_seconds, char out[DATE_HTTP_CHARS])
{
    static const char week_days[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"}; // 1970 began so
    static const char months[12][4] = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const int64_t first = (int64_t)DATE_FIRST_DAY * SECONDS_PER_DAY;
    const int64_t last = ((int64_t)DATE_LAST_DAY + 1) * SECONDS_PER_DAY - 1;
    if (unix_seconds < first || unix_seconds > last)
        unix_seconds = unix_seconds < first ? first : last;
    int32_t days = (int32_t)((unix_seconds - first) / SECONDS_PER_DAY) + DATE_FIRST_DAY;
    int second_of_day = (int)((unix_seconds - first) % SECONDS_PER_DAY);
    struct date date = date_from_days(days);
    memcpy(out, "Thu, 01 Jan 1970 00:00:00 GMT", DATE_HTTP_CHARS);
    memcpy(out, week_days[(days % 7 + 7) % 7], 3);
    digits_write(out + 5, 2, date.day);
    memcpy(out + 8, months[date.month - 1], 3);
    digits_write(out + 12, 4, date.year);
    time_of_day_write(second_of_day, out + 17);
}
