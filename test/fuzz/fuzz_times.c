// SPDX-License-Identifier: Apache-2.0
// Times: the input is a format, a line feed and a text, or a zone's rule, or a zone's file. What is read by a
// format is a day and a time that exist; a moment is written and read back as itself; a zone's periods hold
// the moments that they are asked for, and a moment that is found is shown as the time that was sought.
#include <stdint.h>
#include <stdlib.h>

#include "text/time_format.h"
#include "text/time_of_day.h"
#include "text/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t moments[] = {
    -62135596800, -3000000000, -1, 0, 951782399, 1774746000, 1792890000, 4102444800, 253402300799};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_format(struct span format, struct span text)
{
    for (int use = FORMAT_OF_DATE; use <= FORMAT_OF_TIMESTAMP; use++) {
        struct time_parts parts;
        if (time_format_problem(format, (enum time_format_use)use) != NULL ||
            !time_format_read(text, format, NULL, &parts))
            continue;
        require(use == FORMAT_OF_TIME || date_exists(parts.date));
        require(parts.second_of_day >= 0 && parts.second_of_day <= SECONDS_PER_DAY);
        require(parts.us >= 0 && parts.us < US_PER_SECOND);
    }
}

static void check_moment(struct span text, const struct zone *zone)
{
    const struct timestamp_style style = {.zone = zone};
    char written[TIMESTAMP_CHARS];
    int64_t us, again;
    if (timestamp_read(text, &style, &us, NULL) != TIMESTAMP_READ)
        return;
    struct span normal = {.at = written, .len = timestamp_format(us, true, written)};
    require(timestamp_parse(normal, &again) && again == us);
}

static void check_time(struct span text)
{
    char written[TIME_OF_DAY_CHARS];
    int64_t us, again;
    if (!time_of_day_parse(text, &us))
        return;
    struct span normal = {.at = written, .len = time_of_day_format(us, written)};
    require(time_of_day_parse(normal, &again) && again == us);
}

static void check_rule(struct span text)
{
    struct zone_rule rule;
    if (!zone_rule_read(text, &rule))
        return;
    for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
        struct zone_period period = zone_rule_at(&rule, moments[i]);
        require(period.from_s <= moments[i] && moments[i] < period.until_s);
    }
}

static void check_file(struct span bytes)
{
    struct zone *zone;
    struct err err = {0};
    if (zone_new("x", bytes, &zone, &err) != ERR_NONE)
        return;
    for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
        struct zone_period period = zone_at(zone, moments[i]);
        require(period.from_s <= moments[i] && moments[i] < period.until_s);
        struct zone_moment moment = zone_find_moment(zone, moments[i]);
        if (moment.fit != ZONE_NEVER)
            require(moment.utc_s + zone_at(zone, moment.utc_s).offset_s == moments[i]);
    }
    check_moment(span_of("2026-03-29 02:30:00"), zone);
    zone_free(zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span all = {.at = (const char *)data, .len = size}, text = all;
    if (size == 0)
        return 0;
    struct span format = span_split(&text, '\n');
    check_format(format, text);
    check_moment(all, NULL);
    check_time(all);
    check_rule(all);
    check_file(all);
    return 0;
}
