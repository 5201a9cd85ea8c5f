// SPDX-License-Identifier: Apache-2.0
// Calendar arithmetic counts years from March, so that the leap day is a year's last, and eras of 400 years,
// which all have the same number of days. Days are counted from 1970-01-01, and whether one exists is checked
// where a text is read, so that all else works on days that do. Pure; any thread.
#include "text/date.h"

#include <string.h>

enum {
    MS_PER_SECOND = 1000,
    SECONDS_PER_DAY = 86400,
    MS_PER_DAY = SECONDS_PER_DAY * MS_PER_SECOND,
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

static int days_of_month(int year, int month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

static bool exists(struct date date)
{
    return date.year >= 1 && date.month >= 1 && date.month <= 12 && date.day >= 1 &&
           date.day <= days_of_month(date.year, date.month);
}

// Reads `count` digits, all of which must be there; -1 when one is not a digit.
static int read_digits(const char *at, int count)
{
    int number = 0;
    for (int i = 0; i < count; i++) {
        if (!ascii_is_digit(at[i]))
            return -1;
        number = number * 10 + (at[i] - '0');
    }
    return number;
}

static void write_digits(char *at, int count, int number)
{
    while (count-- > 0) {
        at[count] = (char)('0' + number % 10);
        number /= 10;
    }
}

bool date_parse(struct span text, struct date *ret_date)
{
    if (text.len != DATE_CHARS - 1 || text.at[4] != '-' || text.at[7] != '-')
        return false;
    int year = read_digits(text.at, 4), month = read_digits(text.at + 5, 2),
        day = read_digits(text.at + 8, 2);
    struct date date = {.year = year, .month = month, .day = day};
    if (!exists(date))
        return false;
    *ret_date = date;
    return true;
}

void date_format(struct date date, char out[DATE_CHARS])
{
    write_digits(out, 4, date.year);
    out[4] = '-';
    write_digits(out + 5, 2, date.month);
    out[7] = '-';
    write_digits(out + 8, 2, date.day);
    out[10] = '\0';
}

// --- formats

// The next piece of a format: a character, or a conversion, whose letter goes to *ret_conversion, else 0.
static char take_piece(struct span *format, char *ret_conversion)
{
    *ret_conversion = '\0';
    size_t taken = 1;
    char piece = format->at[0];
    if (piece == '%' && format->len > 1) {
        piece = format->at[1];
        *ret_conversion = piece == '%' ? '\0' : piece;
        taken = 2;
    }
    format->at += taken;
    format->len -= taken;
    return piece;
}

bool date_format_has(struct span format, char conversion)
{
    char found;
    while (format.len > 0) {
        (void)take_piece(&format, &found);
        if (found == conversion)
            return true;
    }
    return false;
}

// What is wrong with the pieces, one by one, or NULL.
static const char *piece_problem(struct span format)
{
    static const char known[] = "dmYy";
    static const char *const twice[] = {"has %d twice", "has %m twice", "has %Y twice", "has %y twice"};
    bool seen[sizeof(known) - 1] = {false};
    while (format.len > 0) {
        bool is_cut = format.len == 1 && format.at[0] == '%';
        char conversion;
        char piece = take_piece(&format, &conversion);
        const char *at = conversion != '\0' ? strchr(known, conversion) : NULL;
        if (is_cut || (conversion != '\0' && at == NULL))
            return "has a conversion that is none of %d, %m, %Y, %y and %%";
        if (conversion == '\0' && ascii_is_digit(piece))
            return "has a digit, which cannot be told from those of the date";
        if (at != NULL && seen[at - known])
            return twice[at - known];
        if (at != NULL)
            seen[at - known] = true;
    }
    return NULL;
}

const char *date_format_problem(struct span format)
{
    const char *problem = piece_problem(format);
    if (problem != NULL)
        return problem;
    bool has_long = date_format_has(format, 'Y'), has_short = date_format_has(format, 'y');
    if (!date_format_has(format, 'd') || !date_format_has(format, 'm') || (!has_long && !has_short))
        return "has to have %d, %m, and %Y or %y";
    if (has_long && has_short)
        return "has both %Y and %y";
    if (span_is(format, "%Y-%d-%m"))
        return "cannot be told from YYYY-MM-DD, which is always read, too";
    return NULL;
}

// Takes a number of `least` to `most` digits off the front of *text; -1 when there is none.
static int take_number(struct span *text, size_t least, size_t most)
{
    size_t digits = 0;
    int number = 0;
    for (; digits < most && digits < text->len && ascii_is_digit(text->at[digits]); digits++)
        number = number * 10 + (text->at[digits] - '0');
    if (digits < least)
        return -1;
    text->at += digits;
    text->len -= digits;
    return number;
}

// Takes what the format's next piece stands for off the front of *text; false when something else is there.
static bool take_part(struct span *text, struct span *format, struct date *date)
{
    char conversion;
    char piece = take_piece(format, &conversion);
    char following = '\0';
    struct span ahead = *format;
    if (ahead.len > 0)
        (void)take_piece(&ahead, &following);
    size_t least = following != '\0' ? 2 : 1;
    switch (conversion) {
    case 'd':
        return (date->day = take_number(text, least, 2)) >= 0;
    case 'm':
        return (date->month = take_number(text, least, 2)) >= 0;
    case 'Y':
        return (date->year = take_number(text, 4, 4)) >= 0;
    case 'y':
        return (date->year = take_number(text, 2, 2)) >= 0;
    default:
        break;
    }
    if (text->len == 0 || text->at[0] != piece)
        return false;
    text->at++;
    text->len--;
    return true;
}

// The year that two digits mean, for a month and day.
static int whole_year(struct date date, const struct date *today)
{
    if (today == NULL)
        return date.year + (date.year >= 69 ? 1900 : 2000);
    int year = today->year - today->year % 100 + date.year;
    bool is_future = year > today->year ||
                     (year == today->year && (date.month > today->month ||
                                                 (date.month == today->month && date.day > today->day)));
    return is_future ? year - 100 : year;
}

bool date_parse_format(struct span text, struct span format, const struct date *today, struct date *ret_date)
{
    struct span rest = text;
    struct date date = {0};
    bool is_short = date_format_has(format, 'y'), fits = true;
    while (format.len > 0 && fits)
        fits = take_part(&rest, &format, &date);
    if (!fits || rest.len > 0)
        return date_parse(text, ret_date);
    if (is_short)
        date.year = whole_year(date, today);
    if (!exists(date))
        return false;
    *ret_date = date;
    return true;
}

// --- timestamps

// hh:mm:ss, as milliseconds; -1 when it is not that. A leap second has the number 60.
static int64_t read_time(const char *at)
{
    int hour = read_digits(at, 2), minute = read_digits(at + 3, 2), second = read_digits(at + 6, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return -1;
    if (at[2] != ':' || at[5] != ':')
        return -1;
    return ((int64_t)hour * 3600 + minute * 60 + second) * MS_PER_SECOND;
}

// Takes .d to .ddddddddd off the front of *rest, if it is there; the milliseconds, or -1.
static int take_fraction(struct span *rest)
{
    if (rest->len == 0 || rest->at[0] != '.')
        return 0;
    size_t digits = 0;
    int ms = 0;
    while (digits + 1 < rest->len && ascii_is_digit(rest->at[digits + 1])) {
        if (digits < 3)
            ms = ms * 10 + (rest->at[digits + 1] - '0');
        digits++;
    }
    if (digits < 1 || digits > 9)
        return -1;
    for (size_t i = digits; i < 3; i++)
        ms *= 10;
    rest->at += digits + 1;
    rest->len -= digits + 1;
    return ms;
}

// Z, +hh:mm or -hh:mm, as the milliseconds that UTC is behind.
static bool read_offset(struct span text, int64_t *ret_ms)
{
    if (text.len == 1 && (text.at[0] == 'Z' || text.at[0] == 'z')) {
        *ret_ms = 0;
        return true;
    }
    if (text.len != 6 || (text.at[0] != '+' && text.at[0] != '-') || text.at[3] != ':')
        return false;
    int hours = read_digits(text.at + 1, 2), minutes = read_digits(text.at + 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    int64_t ms = (int64_t)(hours * 60 + minutes) * 60 * MS_PER_SECOND;
    *ret_ms = text.at[0] == '-' ? -ms : ms;
    return true;
}

bool timestamp_parse(struct span text, int64_t *ret_ms)
{
    enum { SHORTEST = sizeof("YYYY-MM-DDThh:mm:ssZ") - 1 };
    struct date date;
    int64_t offset_ms;
    if (text.len < SHORTEST || (text.at[10] != 'T' && text.at[10] != 't'))
        return false;
    if (!date_parse((struct span){.at = text.at, .len = 10}, &date))
        return false;
    int64_t time_ms = read_time(text.at + 11);
    struct span rest = {.at = text.at + 19, .len = text.len - 19};
    int fraction_ms = take_fraction(&rest);
    if (time_ms < 0 || fraction_ms < 0 || !read_offset(rest, &offset_ms))
        return false;
    int64_t ms = (int64_t)date_to_days(date) * MS_PER_DAY + time_ms - offset_ms;
    if (read_digits(text.at + 17, 2) == 60 && ms % MS_PER_DAY != 0)
        return false; // a leap second is the last one of a day in UTC, and has the next day's first moment
                      // here
    ms += fraction_ms;
    if (ms < (int64_t)DATE_FIRST_DAY * MS_PER_DAY || ms >= ((int64_t)DATE_LAST_DAY + 1) * MS_PER_DAY)
        return false;
    *ret_ms = ms;
    return true;
}

// hh:mm:ss of a second of the day.
static void write_time(char *at, int second_of_day)
{
    write_digits(at, 2, second_of_day / 3600);
    at[2] = ':';
    write_digits(at + 3, 2, second_of_day / 60 % 60);
    at[5] = ':';
    write_digits(at + 6, 2, second_of_day % 60);
}

// Divides a moment into its day since 1970 and what is left of it, 0 to unit_per_day - 1.
static int32_t split_moment(int64_t moment, int64_t unit_per_day, int *ret_rest)
{
    int64_t days = moment / unit_per_day, rest = moment % unit_per_day;
    if (rest < 0) {
        rest += unit_per_day;
        days--;
    }
    *ret_rest = (int)rest;
    return (int32_t)days;
}

void timestamp_format(int64_t ms, char out[TIMESTAMP_CHARS])
{
    int ms_of_day;
    date_format(date_from_days(split_moment(ms, MS_PER_DAY, &ms_of_day)), out);
    out[10] = 'T';
    write_time(out + 11, ms_of_day / MS_PER_SECOND);
    out[19] = '.';
    write_digits(out + 20, 3, ms_of_day % MS_PER_SECOND);
    out[23] = 'Z';
    out[24] = '\0';
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
    int second_of_day;
    int32_t days = split_moment(unix_seconds, SECONDS_PER_DAY, &second_of_day);
    struct date date = date_from_days(days);
    memcpy(out, "Thu, 01 Jan 1970 00:00:00 GMT", DATE_HTTP_CHARS);
    memcpy(out, week_days[(days % 7 + 7) % 7], 3);
    write_digits(out + 5, 2, date.day);
    memcpy(out + 8, months[date.month - 1], 3);
    write_digits(out + 12, 4, date.year);
    write_time(out + 17, second_of_day);
}
