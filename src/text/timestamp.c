// SPDX-License-Identifier: Apache-2.0
// A text is taken apart, by a format or as ISO 8601 has it, and its parts made a moment. Pure; any thread.
#include "text/timestamp.h"

#include "text/digits.h"
#include "text/time_format.h"
#include "text/time_of_day.h"

static const int64_t FIRST_S = (int64_t)DATE_FIRST_DAY * SECONDS_PER_DAY;
static const int64_t END_S = ((int64_t)DATE_LAST_DAY + 1) * SECONDS_PER_DAY;

// --- parts

// hh:mm or hh:mm:ss, as seconds; -1 when it is not that. A leap second has the number 60.
static int read_time(const char *at, bool has_second)
{
    int hour = digits_read(at, 2), minute = digits_read(at + 3, 2), second = 0;
    if (has_second)
        second = at[5] == ':' ? digits_read(at + 6, 2) : -1;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 || at[2] != ':')
        return -1;
    return hour * 3600 + minute * 60 + second;
}

// RFC 3339.
static bool read_strict(struct span text, struct time_parts *parts)
{
    enum { SHORTEST = sizeof("YYYY-MM-DDThh:mm:ssZ") - 1 };
    if (text.len < SHORTEST || (text.at[10] != 'T' && text.at[10] != 't') ||
        !date_parse((struct span){.at = text.at, .len = 10}, &parts->date))
        return false;
    parts->second_of_day = read_time(text.at + 11, true);
    parts->is_leap = text.at[17] == '6';
    parts->has_offset = true;
    struct span rest = {.at = text.at + 19, .len = text.len - 19};
    if (parts->second_of_day < 0 || !time_of_day_take_fraction(&rest, &parts->us, &parts->fraction_digits))
        return false;
    if (rest.len != 1 && (rest.len != 6 || rest.at[3] != ':'))
        return false;
    return time_format_take_offset(&rest, &parts->offset_s) && rest.len == 0;
}

// Takes the decimal places of a second behind a point or a comma, if they are there.
static bool take_fraction(struct span *rest, struct time_parts *parts)
{
    char room[sizeof(".123456789x")];
    if (rest->len == 0 || rest->at[0] != ',')
        return time_of_day_take_fraction(rest, &parts->us, &parts->fraction_digits);
    size_t len = rest->len < sizeof(room) ? rest->len : sizeof(room);
    memcpy(room, rest->at, len);
    room[0] = '.';
    struct span fraction = {.at = room, .len = len};
    if (!time_of_day_take_fraction(&fraction, &parts->us, &parts->fraction_digits))
        return false;
    size_t taken = 1 + (size_t)parts->fraction_digits;
    rest->at += taken;
    rest->len -= taken;
    return true;
}

// ISO 8601 as programs write it.
static bool read_loose(struct span text, struct time_parts *parts)
{
    enum { SHORT = sizeof("YYYY-MM-DDThh:mm") - 1, WHOLE = SHORT + sizeof(":ss") - 1 };
    if (text.len < SHORT || (text.at[10] != 'T' && text.at[10] != 't' && text.at[10] != ' ') ||
        !date_parse((struct span){.at = text.at, .len = 10}, &parts->date))
        return false;
    bool has_second = text.len >= WHOLE && text.at[SHORT] == ':';
    size_t len = has_second ? WHOLE : SHORT;
    struct span rest = {.at = text.at + len, .len = text.len - len};
    parts->second_of_day = read_time(text.at + 11, has_second);
    parts->is_leap = has_second && text.at[17] == '6';
    if (parts->second_of_day < 0 || (has_second && !take_fraction(&rest, parts)))
        return false;
    bool has_blank = rest.len > 0 && rest.at[0] == ' ';
    if (has_blank)
        span_drop(&rest, 1);
    parts->has_offset = rest.len > 0 || has_blank;
    if (span_is(rest, "UTC") || !parts->has_offset)
        return true;
    return time_format_take_offset(&rest, &parts->offset_s) && rest.len == 0;
}

// --- the moment

static enum timestamp_result settle(const struct time_parts *parts, const struct timestamp_style *style,
    int64_t *ret_us, struct zone_moment *ret_moment)
{
    int64_t seconds = (int64_t)date_to_days(parts->date) * SECONDS_PER_DAY + parts->second_of_day;
    if (parts->has_offset) {
        seconds -= parts->offset_s;
    } else if (style->zone != NULL) {
        struct zone_moment moment = zone_find_moment(style->zone, seconds);
        if (moment.fit != ZONE_ONCE) {
            if (ret_moment != NULL)
                *ret_moment = moment;
            return moment.fit == ZONE_NEVER ? TIMESTAMP_NEVER : TIMESTAMP_TWICE;
        }
        seconds = moment.utc_s;
    }
    if (parts->is_leap && seconds % SECONDS_PER_DAY != 0)
        return TIMESTAMP_UNREADABLE; // a leap second is the last one of a day in UTC, and has the next day's
                                     // first moment here
    if (seconds < FIRST_S || seconds >= END_S)
        return TIMESTAMP_UNREADABLE;
    if (style->is_exact && parts->fraction_digits > TIMESTAMP_MAX_DIGITS)
        return TIMESTAMP_TOO_FINE;
    *ret_us = seconds * US_PER_SECOND + parts->us;
    return TIMESTAMP_READ;
}

enum timestamp_result timestamp_read(
    struct span text, const struct timestamp_style *style, int64_t *ret_us, struct zone_moment *ret_moment)
{
    struct time_parts parts = {0};
    bool is_read = style->format.len > 0 && time_format_read(text, style->format, style->today, &parts);
    if (!is_read)
        is_read = style->zone != NULL ? read_loose(text, &parts) : read_strict(text, &parts);
    return is_read ? settle(&parts, style, ret_us, ret_moment) : TIMESTAMP_UNREADABLE;
}

bool timestamp_parse(struct span text, int64_t *ret_us)
{
    const struct timestamp_style strict = {.is_exact = false};
    return timestamp_read(text, &strict, ret_us, NULL) == TIMESTAMP_READ;
}

// The day of a moment, and what is left of it.
static int32_t split(int64_t us, int64_t *ret_of_day_us)
{
    int64_t days = us / US_PER_DAY, of_day = us % US_PER_DAY;
    if (of_day < 0) {
        of_day += US_PER_DAY;
        days--;
    }
    *ret_of_day_us = of_day;
    return (int32_t)days;
}

size_t timestamp_format(int64_t us, bool micros, char out[TIMESTAMP_CHARS])
{
    int64_t of_day;
    date_format(date_from_days(split(us, &of_day)), out);
    int digits = micros ? 6 : 3, fraction = (int)(of_day % US_PER_SECOND);
    out[10] = 'T';
    time_of_day_write((int)(of_day / US_PER_SECOND), out + 11);
    out[19] = '.';
    digits_write(out + 20, digits, micros ? fraction : fraction / 1000);
    size_t len = 20 + (size_t)digits;
    out[len++] = 'Z';
    out[len] = '\0';
    return len;
}

void timestamp_format_seconds(int64_t s, char out[TIMESTAMP_CHARS])
{
    s = s < FIRST_S ? FIRST_S : s >= END_S ? END_S - 1 : s;
    timestamp_format(s * US_PER_SECOND, false, out);
    out[19] = 'Z';
    out[20] = '\0';
}

bool timestamp_to_local(int64_t us, const struct zone *zone, struct date *ret_date, int64_t *ret_of_day_us)
{
    int64_t of_day;
    int64_t seconds = us / US_PER_SECOND - (us % US_PER_SECOND < 0);
    int64_t local_us = us + (zone != NULL ? zone_at(zone, seconds).offset_s : 0) * (int64_t)US_PER_SECOND;
    int32_t days = split(local_us, &of_day);
    if (days < DATE_FIRST_DAY || days > DATE_LAST_DAY)
        return false;
    *ret_date = date_from_days(days);
    *ret_of_day_us = of_day;
    return true;
}
