// SPDX-License-Identifier: Apache-2.0
// RFC 3339 read and written. Pure; any thread.
#include "text/timestamp.h"

#include "text/date.h"
#include "text/digits.h"
#include "text/time_format.h"
#include "text/time_of_day.h"

// hh:mm:ss, as seconds; -1 when it is not that. A leap second has the number 60.
static int read_time(const char *at)
{
    int hour = digits_read(at, 2), minute = digits_read(at + 3, 2), second = digits_read(at + 6, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return -1;
    if (at[2] != ':' || at[5] != ':')
        return -1;
    return hour * 3600 + minute * 60 + second;
}

// Z, +hh:mm or -hh:mm, and nothing behind it.
static bool read_offset(struct span text, int32_t *ret_s)
{
    bool is_letter = text.len == 1;
    if (!is_letter && (text.len != 6 || text.at[3] != ':'))
        return false;
    return time_format_take_offset(&text, ret_s) && text.len == 0;
}

bool timestamp_parse(struct span text, int64_t *ret_us)
{
    enum { SHORTEST = sizeof("YYYY-MM-DDThh:mm:ssZ") - 1 };
    struct date date;
    int32_t offset_s;
    int fraction_us, digits;
    if (text.len < SHORTEST || (text.at[10] != 'T' && text.at[10] != 't'))
        return false;
    if (!date_parse((struct span){.at = text.at, .len = 10}, &date))
        return false;
    int second = read_time(text.at + 11);
    struct span rest = {.at = text.at + 19, .len = text.len - 19};
    if (second < 0 || !time_of_day_take_fraction(&rest, &fraction_us, &digits) ||
        !read_offset(rest, &offset_s))
        return false;
    int64_t seconds = (int64_t)date_to_days(date) * SECONDS_PER_DAY + second - offset_s;
    if (text.at[17] == '6' && seconds % SECONDS_PER_DAY != 0)
        return false; // a leap second is the last one of a day in UTC, and has the next day's first moment
                      // here
    if (seconds < (int64_t)DATE_FIRST_DAY * SECONDS_PER_DAY ||
        seconds >= ((int64_t)DATE_LAST_DAY + 1) * SECONDS_PER_DAY)
        return false;
    *ret_us = seconds * US_PER_SECOND + fraction_us;
    return true;
}

size_t timestamp_format(int64_t us, bool micros, char out[TIMESTAMP_CHARS])
{
    int64_t days = us / US_PER_DAY, of_day = us % US_PER_DAY;
    if (of_day < 0) {
        of_day += US_PER_DAY;
        days--;
    }
    int digits = micros ? 6 : 3, fraction = (int)(of_day % US_PER_SECOND);
    date_format(date_from_days((int32_t)days), out);
    out[10] = 'T';
    time_of_day_write((int)(of_day / US_PER_SECOND), out + 11);
    out[19] = '.';
    digits_write(out + 20, digits, micros ? fraction : fraction / 1000);
    out[20 + digits] = 'Z';
    out[21 + digits] = '\0';
    return (size_t)(21 + digits);
}
