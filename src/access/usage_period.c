// SPDX-License-Identifier: Apache-2.0
// Months and days by text/date.h. Pure functions, but for usage_today.
#include "access/usage_period.h"

#include <stdio.h>

#include "base/clock.h"
#include "text/date.h"

enum { MS_PER_DAY = 86400000 };

struct usage_period usage_month_of(int32_t day)
{
    struct date first = date_from_days(day);
    first.day = 1;
    struct date next = {.year = first.year + first.month / 12, .month = first.month % 12 + 1, .day = 1};
    bool is_last = next.year > 9999;
    return (struct usage_period){
        .first_day = date_to_days(first), .last_day = is_last ? DATE_LAST_DAY : date_to_days(next) - 1};
}

bool usage_day_parse(struct span text, struct usage_period *ret_period)
{
    struct date day;
    if (!date_parse(text, &day))
        return false;
    ret_period->first_day = ret_period->last_day = date_to_days(day);
    return true;
}

bool usage_month_parse(struct span text, struct usage_period *ret_period)
{
    char first[DATE_CHARS];
    struct usage_period day;
    if (text.len != MONTH_CHARS - 1)
        return false;
    snprintf(first, sizeof(first), "%.*s-01", (int)text.len, text.at);
    if (!usage_day_parse(span_of(first), &day))
        return false;
    *ret_period = usage_month_of(day.first_day);
    return true;
}

void usage_month_format(struct usage_period period, char ret_text[MONTH_CHARS])
{
    char day[DATE_CHARS];
    date_format(date_from_days(period.first_day), day);
    snprintf(ret_text, MONTH_CHARS, "%.*s", MONTH_CHARS - 1, day);
}

int32_t usage_today(void)
{
    return (int32_t)(clock_wall_ms() / MS_PER_DAY);
}
