// SPDX-License-Identifier: Apache-2.0
// The changes of the year at hand and of its neighbours are worked out and put in order, so that it does not
// matter which of the two comes first in a year, as it does not south of the equator. Pure; any thread.
#include "text/zone_rule.h"

#include "base/ascii.h"
#include "text/date.h"
#include "text/time_of_day.h"

enum {
    NAME_LEAST = 3,          // letters of a zone's name
    HOURS_OF_OFFSET = 24,    //
    HOURS_OF_CHANGE = 167,   // RFC 9636 section 3.3.2: a week, less an hour
    DEFAULT_CHANGE_S = 7200, // where the time of a change is not said
    YEARS = 3,               // that are looked at
    DAYS_OF_YEAR = 365,
};

// --- reading

static bool take(struct span *text, char c)
{
    if (text->len == 0 || text->at[0] != c)
        return false;
    span_drop(text, 1);
    return true;
}

static bool take_number(struct span *text, int most, int *ret_number)
{
    int number = 0, digits = 0;
    while (text->len > 0 && ascii_is_digit(text->at[0]) && digits < 3) {
        number = number * 10 + (text->at[0] - '0');
        digits++;
        span_drop(text, 1);
    }
    *ret_number = number;
    return digits > 0 && number <= most;
}

// A name: letters, or anything between angle brackets.
static bool take_name(struct span *text)
{
    size_t letters = 0;
    bool is_quoted = take(text, '<');
    while (text->len > 0 && (is_quoted ? text->at[0] != '>' : ascii_is_letter(text->at[0]))) {
        letters++;
        span_drop(text, 1);
    }
    return letters >= NAME_LEAST && (!is_quoted || take(text, '>'));
}

// [+-]hh[:mm[:ss]], as seconds.
static bool take_seconds(struct span *text, int most_hours, int32_t *ret_s)
{
    bool is_negative = take(text, '-');
    if (!is_negative)
        (void)take(text, '+');
    int hours, minutes = 0, seconds = 0;
    if (!take_number(text, most_hours, &hours))
        return false;
    if (take(text, ':') && !take_number(text, 59, &minutes))
        return false;
    if (take(text, ':') && !take_number(text, 59, &seconds))
        return false;
    int32_t s = hours * 3600 + minutes * 60 + seconds;
    *ret_s = is_negative ? -s : s;
    return true;
}

static bool take_day(struct span *text, struct zone_day *ret_day)
{
    struct zone_day day = {.kind = ZONE_DAY_ZERO, .time_s = DEFAULT_CHANGE_S};
    bool fits;
    if (take(text, 'M')) {
        day.kind = ZONE_DAY_WEEK;
        fits = take_number(text, 12, &day.month) && take(text, '.') && take_number(text, 5, &day.week) &&
               take(text, '.') && take_number(text, 6, &day.day) && day.month > 0 && day.week > 0;
    } else if (take(text, 'J')) {
        day.kind = ZONE_DAY_JULIAN;
        fits = take_number(text, DAYS_OF_YEAR, &day.day) && day.day > 0;
    } else {
        fits = take_number(text, DAYS_OF_YEAR, &day.day);
    }
    if (fits && take(text, '/'))
        fits = take_seconds(text, HOURS_OF_CHANGE, &day.time_s);
    *ret_day = day;
    return fits;
}

bool zone_rule_read(struct span text, struct zone_rule *ret_rule)
{
    struct zone_rule rule = {0};
    if (!take_name(&text) || !take_seconds(&text, HOURS_OF_OFFSET, &rule.standard_s))
        return false;
    rule.standard_s = -rule.standard_s; // POSIX counts westwards
    if (text.len > 0) {
        rule.has_summer = true;
        rule.summer_s = rule.standard_s + 3600;
        if (!take_name(&text))
            return false;
        if (text.len > 0 && text.at[0] != ',') {
            if (!take_seconds(&text, HOURS_OF_OFFSET, &rule.summer_s))
                return false;
            rule.summer_s = -rule.summer_s;
        }
        if (!take(&text, ',') || !take_day(&text, &rule.begin) || !take(&text, ',') ||
            !take_day(&text, &rule.end) || text.len > 0)
            return false;
    }
    *ret_rule = rule;
    return true;
}

// --- what it says

// The day of a change, in days since 1970.
static int32_t day_of(const struct zone_day *day, int year)
{
    int32_t first = date_to_days((struct date){.year = year, .month = 1, .day = 1});
    if (day->kind == ZONE_DAY_ZERO)
        return first + day->day;
    if (day->kind == ZONE_DAY_JULIAN)
        return first + day->day - 1 + (date_is_leap(year) && day->day > 31 + 28);
    int32_t month = date_to_days((struct date){.year = year, .month = day->month, .day = 1});
    int32_t next = day->month == 12
                       ? first + DAYS_OF_YEAR + date_is_leap(year)
                       : date_to_days((struct date){.year = year, .month = day->month + 1, .day = 1});
    int week_day = (int)(((month + 4) % 7 + 7) % 7); // 1970 began with a Thursday
    int32_t found = month + (day->day - week_day + 7) % 7 + (day->week - 1) * 7;
    return found < next ? found : found - 7;
}

// A change of the clocks: when, and what they keep behind it.
struct change {
    int64_t at_s;
    int32_t offset_s;
};

// Puts a change into its place; of two at the same time the one that was put last is the later one.
static void put(struct change *changes, size_t count, struct change change)
{
    while (count > 0 && changes[count - 1].at_s > change.at_s) {
        changes[count] = changes[count - 1];
        count--;
    }
    changes[count] = change;
}

struct zone_period zone_rule_at(const struct zone_rule *rule, int64_t utc_s)
{
    struct zone_period period = {.from_s = INT64_MIN, .until_s = INT64_MAX, .offset_s = rule->standard_s};
    if (!rule->has_summer)
        return period;
    int64_t days = utc_s / SECONDS_PER_DAY - (utc_s % SECONDS_PER_DAY < 0);
    int year = date_from_days((int32_t)days).year;
    struct change changes[YEARS * 2];
    size_t count = 0;
    for (int y = year - 1; y <= year + 1; y++) {
        int64_t begin = (int64_t)day_of(&rule->begin, y) * SECONDS_PER_DAY + rule->begin.time_s;
        int64_t end = (int64_t)day_of(&rule->end, y) * SECONDS_PER_DAY + rule->end.time_s;
        put(changes, count++, (struct change){.at_s = begin - rule->standard_s, .offset_s = rule->summer_s});
        put(changes, count++, (struct change){.at_s = end - rule->summer_s, .offset_s = rule->standard_s});
    }
    for (size_t i = 0; i < count; i++) {
        if (changes[i].at_s > utc_s) {
            period.until_s = changes[i].at_s;
            break;
        }
        period.from_s = changes[i].at_s;
        period.offset_s = changes[i].offset_s;
    }
    return period;
}
