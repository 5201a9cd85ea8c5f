// SPDX-License-Identifier: Apache-2.0
// Values are made canonical here, in UTC, so that nothing behind it knows of formats and zones. A local time
// that its clocks never show, or show twice, is no value: whoever sent it is told which moments there are.
// Today is asked of the clock for each value that needs it. Any thread.
#include "app/rule_time.h"

#include <inttypes.h>

#include "base/clock.h"
#include "text/time_format.h"
#include "text/time_of_day.h"
#include "text/timestamp.h"

// --- today

static struct date today_of(const struct rule *rule)
{
    struct date today = {.year = 1970, .month = 1, .day = 1};
    int64_t of_day_us;
    (void)!timestamp_to_local(clock_wall_ms() * 1000, rule->zone, &today, &of_day_us); // the clock is sane
    return today;
}

void rule_time_today(const struct rule *rule, char out[DATE_CHARS])
{
    date_format(today_of(rule), out);
}

// --- parsing

bool rule_time_is_special(const struct rule *rule)
{
    return rule->format.len > 0 || rule->micros || (rule->zone != NULL && rule->type == TYPE_TIMESTAMP);
}

static enum rule_result keep(const char *text, size_t len, struct arena *arena, struct value *ret_value)
{
    char *copy = arena_strndup(arena, text, len);
    if (copy == NULL)
        return RULE_MEMORY;
    *ret_value = (struct value){.kind = VALUE_TEXT, .text = {.at = copy, .len = len}};
    return RULE_OK;
}

static enum rule_result parse_date(
    const struct rule *rule, struct span text, struct arena *arena, struct value *ret_value)
{
    struct date date, today;
    if (rule->past)
        today = today_of(rule);
    if (!date_parse_format(text, rule->format, rule->past ? &today : NULL, &date))
        return RULE_TYPE;
    char normal[DATE_CHARS];
    date_format(date, normal);
    return keep(normal, DATE_CHARS - 1, arena, ret_value);
}

static enum rule_result parse_time(
    const struct rule *rule, struct span text, struct arena *arena, struct value *ret_value)
{
    struct time_parts parts;
    int64_t us;
    if (time_format_read(text, rule->format, NULL, &parts) && !parts.is_leap &&
        parts.fraction_digits <= TIMESTAMP_MAX_DIGITS)
        us = (int64_t)parts.second_of_day * US_PER_SECOND + parts.us;
    else if (!time_of_day_parse(text, &us))
        return RULE_TYPE;
    char normal[TIME_OF_DAY_CHARS];
    return keep(normal, time_of_day_format(us, normal), arena, ret_value);
}

static enum timestamp_result read_moment(
    const struct rule *rule, struct span text, int64_t *ret_us, struct zone_moment *ret_moment)
{
    struct date today;
    struct timestamp_style style = {.format = rule->format, .zone = rule->zone, .is_exact = rule->micros};
    if (rule->past) {
        today = today_of(rule);
        style.today = &today;
    }
    return timestamp_read(text, &style, ret_us, ret_moment);
}

static enum rule_result parse_moment(
    const struct rule *rule, struct span text, struct arena *arena, struct value *ret_value)
{
    int64_t us;
    char normal[TIMESTAMP_CHARS];
    switch (read_moment(rule, text, &us, NULL)) {
    case TIMESTAMP_READ:
        return keep(normal, timestamp_format(us, rule->micros, normal), arena, ret_value);
    case TIMESTAMP_TOO_FINE:
        return RULE_TOO_FINE;
    case TIMESTAMP_NEVER:
        return RULE_NEVER;
    case TIMESTAMP_TWICE:
        return RULE_TWICE;
    case TIMESTAMP_UNREADABLE:
        break;
    }
    return RULE_TYPE;
}

enum rule_result rule_time_parse(
    const struct rule *rule, struct span text, struct arena *arena, struct value *ret_value)
{
    if (rule->type == TYPE_TIMESTAMP)
        return parse_moment(rule, text, arena, ret_value);
    return rule->type == TYPE_TIME ? parse_time(rule, text, arena, ret_value)
                                   : parse_date(rule, text, arena, ret_value);
}

// Puts the plus in place of the last blank, if only that makes the item a moment.
static void restore_plus(const struct rule *rule, char *item, size_t len)
{
    const struct span text = {.at = item, .len = len};
    char *blank = memrchr(item, ' ', len);
    int64_t us;
    if (blank == NULL || read_moment(rule, text, &us, NULL) != TIMESTAMP_UNREADABLE)
        return;
    *blank = '+';
    if (read_moment(rule, text, &us, NULL) == TIMESTAMP_UNREADABLE)
        *blank = ' ';
}

bool rule_time_restore_plus(const struct rule *rule, struct arena *arena, struct span *text)
{
    if (rule->type != TYPE_TIMESTAMP || text->len == 0 || memchr(text->at, ' ', text->len) == NULL)
        return true;
    char *copy = arena_strndup(arena, text->at, text->len);
    struct span rest = {.at = copy, .len = text->len};
    if (copy == NULL)
        return false;
    while (rest.len > 0) {
        struct span item = rest;
        if (rule->is_list)
            item = span_trim(span_split(&rest, ','));
        else
            rest.len = 0;
        if (item.len > 0)
            restore_plus(rule, copy + (item.at - copy), item.len);
    }
    text->at = copy;
    return true;
}

// --- words

// Appends the day and the time of a moment that is counted as if it were in UTC: "2026-03-29 02:30", with the
// seconds where there are any. Without `day` only the time.
static void append_clock(int64_t local_s, bool has_day, struct buf *out)
{
    struct date date;
    int64_t of_day_us;
    char day[DATE_CHARS], time[TIME_OF_DAY_CHARS];
    if (!timestamp_to_local(local_s * US_PER_SECOND, NULL, &date, &of_day_us))
        return;
    date_format(date, day);
    size_t len = time_of_day_format(of_day_us, time);
    if (of_day_us / US_PER_SECOND % 60 == 0)
        len -= sizeof(":00") - 1;
    buf_printf(out, "%s%s%.*s", has_day ? day : "", has_day ? " " : "", (int)len, time);
}

// Appends a moment as RFC 3339 has it, by a clock that is so many seconds ahead of UTC.
static void append_moment(int64_t local_s, int32_t offset_s, struct buf *out)
{
    char text[TIMESTAMP_CHARS];
    int minutes = offset_s / 60, size = minutes < 0 ? -minutes : minutes;
    bool is_whole = offset_s % 60 == 0; // the offsets of the nineteenth century have seconds
    (void)timestamp_format((is_whole ? local_s : local_s - offset_s) * US_PER_SECOND, false, text);
    buf_append(out, text, sizeof("YYYY-MM-DDThh:mm:ss") - 1);
    if (is_whole)
        buf_printf(out, "%c%02d:%02d", minutes < 0 ? '-' : '+', size / 60, size % 60);
    else
        buf_append_byte(out, 'Z');
}

static void explain_never(const struct rule *rule, const struct zone_moment *moment, struct buf *out)
{
    int64_t before_s = moment->change_s + moment->before_s, after_s = moment->change_s + moment->after_s;
    bool has_day = before_s / SECONDS_PER_DAY != after_s / SECONDS_PER_DAY;
    append_clock(moment->local_s, true, out);
    buf_printf(out, " does not exist in %s: clocks go from ", zone_name(rule->zone));
    append_clock(before_s, has_day, out);
    buf_append_str(out, " to ");
    append_clock(after_s, has_day, out);
}

static void explain_twice(const struct rule *rule, const struct zone_moment *moment, struct buf *out)
{
    append_clock(moment->local_s, true, out);
    buf_printf(out, " comes twice in %s: write ", zone_name(rule->zone));
    append_moment(moment->local_s, moment->before_s, out);
    buf_append_str(out, " or ");
    append_moment(moment->local_s, moment->after_s, out);
}

void rule_time_explain(const struct rule *rule, enum rule_result result, struct span text, struct buf *out)
{
    struct zone_moment moment = {.fit = ZONE_ONCE};
    int64_t us;
    if (result == RULE_TOO_FINE) {
        buf_printf(out, "has more than %d decimal places of a second", TIMESTAMP_MAX_DIGITS);
        return;
    }
    (void)!read_moment(rule, text, &us, &moment);
    if (moment.fit == ZONE_NEVER)
        explain_never(rule, &moment, out);
    else if (moment.fit == ZONE_TWICE)
        explain_twice(rule, &moment, out);
    else // one of a list
        buf_printf(out, "has a time that %s in %s: write its offset, as RFC 3339 has it",
            result == RULE_TWICE ? "comes twice" : "does not exist", zone_name(rule->zone));
}

// A format as people write it down: "MM/DD/YY".
static void append_format(struct span format, struct buf *out)
{
    static const char *const letters[] = {['d'] = "DD",
        ['m'] = "MM",
        ['b'] = "Jan",
        ['B'] = "January",
        ['y'] = "YY",
        ['Y'] = "YYYY",
        ['H'] = "hh",
        ['I'] = "hh",
        ['p'] = "AM/PM",
        ['M'] = "mm",
        ['S'] = "ss",
        ['f'] = "ffffff",
        ['z'] = "+hh:mm"};
    for (size_t i = 0; i < format.len; i++) {
        char c = format.at[i];
        if (c != '%' || i + 1 == format.len) {
            buf_append_byte(out, c);
            continue;
        }
        size_t letter = (unsigned char)format.at[++i];
        buf_append_str(out, letter < ARRAY_LEN(letters) && letters[letter] != NULL ? letters[letter] : "%");
    }
}

static void expected_moment(const struct rule *rule, struct buf *out)
{
    bool is_local = rule->zone != NULL || rule->format.len > 0;
    buf_append_str(out, "a timestamp, ");
    if (rule->format.len > 0)
        append_format(rule->format, out);
    else if (is_local)
        buf_append_str(out, "YYYY-MM-DD hh:mm:ss");
    if (is_local && !time_format_has(rule->format, 'z'))
        buf_printf(out, " in %s", rule->zone != NULL ? zone_name(rule->zone) : "UTC");
    buf_append_str(out, is_local ? " or RFC 3339" : "RFC 3339");
}

void rule_time_expected(const struct rule *rule, struct buf *out)
{
    if (rule->type == TYPE_TIMESTAMP) {
        expected_moment(rule, out);
        return;
    }
    bool is_date = rule->type == TYPE_DATE;
    buf_append_str(out, is_date ? "a date, " : "a time of the day, ");
    append_format(rule->format, out);
    if (!span_is(rule->format, is_date ? "%Y-%m-%d" : "%H:%M:%S"))
        buf_append_str(out, is_date ? " or YYYY-MM-DD" : " or hh:mm:ss");
}
