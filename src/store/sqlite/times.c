// SPDX-License-Identifier: Apache-2.0
// month_of(day) is 2026-03, week_of(day) the ISO week, 2026-W13; day_in(at, zone) and clock_in(at, zone) are
// the day and the time that clocks show there. Of null they are null. PostgreSQL has the same ones (schema.c
// there).
//
// Those of a zone are not declared deterministic, though they are for the life of the process: an index over
// them would be wrong once the zone's rules have changed, and SQLite allows none so. The connection's thread.
#include "store/sqlite/times.h"

#include <stdio.h>

#include "store/sqlite/conn.h"
#include "text/time_of_day.h"
#include "text/timestamp.h"
#include "text/zones.h"

static struct span text_of(sqlite3_value *value)
{
    const void *text = sqlite3_value_text(value);
    return (struct span){.at = text != NULL ? text : "", .len = (size_t)sqlite3_value_bytes(value)};
}

// "<function>: \"<value>\" is <what it is not>"
static void fail(sqlite3_context *context, const char *function, struct span value, const char *problem)
{
    char *message = sqlite3_mprintf(
        "%s: \"%.*s\" is %s", function, (int)(value.len < 40 ? value.len : 40), value.at, problem);
    if (message != NULL)
        sqlite3_result_error(context, message, -1);
    else
        sqlite3_result_error_nomem(context);
    sqlite3_free(message);
}

static void give_text(sqlite3_context *context, const char *text, size_t len)
{
    sqlite3_result_text64(context, text, len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

// --- of a day

static bool read_day(
    sqlite3_context *context, const char *function, sqlite3_value *value, struct date *ret_day)
{
    if (sqlite3_value_type(value) == SQLITE_NULL)
        return false;
    struct span text = text_of(value);
    if (date_parse(text, ret_day))
        return true;
    fail(context, function, text, "no date, YYYY-MM-DD");
    return false;
}

static void on_month_of(sqlite3_context *context, int count, sqlite3_value **values)
{
    char text[DATE_CHARS];
    struct date day;
    (void)count; // as it was installed
    if (!read_day(context, "month_of", values[0], &day))
        return;
    date_format(day, text);
    give_text(context, text, sizeof("YYYY-MM") - 1);
}

// A week belongs to the year that its Thursday is in (ISO 8601).
static void on_week_of(sqlite3_context *context, int count, sqlite3_value **values)
{
    char text[sizeof("YYYY-Www") + 8];
    struct date day;
    (void)count;
    if (!read_day(context, "week_of", values[0], &day))
        return;
    int32_t days = date_to_days(day);
    int week_day = ((days + 3) % 7 + 7) % 7; // 0 is Monday: 1970 began with a Thursday
    int32_t thursday = days - week_day + 3;
    int year = thursday > DATE_LAST_DAY ? 10000 : date_from_days(thursday).year;
    int32_t first = date_to_days((struct date){.year = year, .month = 1, .day = 1});
    int len = snprintf(text, sizeof(text), "%04d-W%02d", year, (thursday - first) / 7 + 1);
    give_text(context, text, (size_t)len);
}

// --- of a moment in a zone

// The zone that the second argument names. SQLite keeps it from row to row where the argument is a constant.
static const struct zone *find_zone(sqlite3_context *context, const char *function, sqlite3_value **values)
{
    const struct zone *zone = sqlite3_get_auxdata(context, 1);
    struct err err = {0};
    if (zone != NULL)
        return zone;
    struct span name = text_of(values[1]);
    bool is_name = name.len > 0 && name.at[0] >= 'A' && name.at[0] <= 'Z'; // localtime is a file, and no zone
    enum err_code code = is_name ? zones_find(name, &zone, &err) : ERR_VALUE;
    if (code == ERR_NO_MEMORY)
        sqlite3_result_error_nomem(context);
    else if (code != ERR_NONE)
        fail(context, function, name, "no time zone");
    if (code != ERR_NONE)
        return NULL;
    union {
        const struct zone *zone;
        void *any;
    } shared = {.zone = zone};
    sqlite3_set_auxdata(context, 1, shared.any, NULL);
    return zone;
}

// Reads a moment as SQLite's own functions write it, too, in UTC: without T and Z.
static bool read_moment(struct span text, int64_t *ret_us)
{
    struct timestamp_style style = {.is_exact = false};
    struct err err = {0};
    if (timestamp_parse(text, ret_us))
        return true;
    return zones_find(span_of("UTC"), &style.zone, &err) == ERR_NONE &&
           timestamp_read(text, &style, ret_us, NULL) == TIMESTAMP_READ;
}

// What clocks show there at that moment. False when the result is null, or an error.
static bool read_local(sqlite3_context *context, const char *function, sqlite3_value **values,
    struct date *ret_day, int64_t *ret_of_day_us)
{
    int64_t us;
    if (sqlite3_value_type(values[0]) == SQLITE_NULL || sqlite3_value_type(values[1]) == SQLITE_NULL)
        return false;
    const struct zone *zone = find_zone(context, function, values);
    if (zone == NULL)
        return false;
    struct span text = text_of(values[0]);
    if (!read_moment(text, &us)) {
        fail(context, function, text, "no timestamp, RFC 3339");
        return false;
    }
    return timestamp_to_local(us, zone, ret_day, ret_of_day_us);
}

static void on_day_in(sqlite3_context *context, int count, sqlite3_value **values)
{
    char text[DATE_CHARS];
    struct date day;
    int64_t of_day_us;
    (void)count;
    if (!read_local(context, "day_in", values, &day, &of_day_us))
        return;
    date_format(day, text);
    give_text(context, text, DATE_CHARS - 1);
}

static void on_clock_in(sqlite3_context *context, int count, sqlite3_value **values)
{
    char text[TIME_OF_DAY_CHARS];
    struct date day;
    int64_t of_day_us;
    (void)count;
    if (!read_local(context, "clock_in", values, &day, &of_day_us))
        return;
    give_text(context, text, time_of_day_format(of_day_us, text));
}

int sqlite_times_install(struct sqlite_conn *conn)
{
    static const struct {
        const char *name;
        int arguments;
        int flags;
        void (*on_call)(sqlite3_context *context, int count, sqlite3_value **values);
    } functions[] = {
        {"month_of", 1, SQLITE_DETERMINISTIC, on_month_of},
        {"week_of", 1, SQLITE_DETERMINISTIC, on_week_of},
        {"day_in", 2, 0, on_day_in},
        {"clock_in", 2, 0, on_clock_in},
    };
    int result = SQLITE_OK;
    for (size_t i = 0; i < ARRAY_LEN(functions) && result == SQLITE_OK; i++)
        result = sqlite3_create_function_v2(conn->db, functions[i].name, functions[i].arguments,
            SQLITE_UTF8 | SQLITE_INNOCUOUS | functions[i].flags, NULL, functions[i].on_call, NULL, NULL,
            NULL);
    return result;
}
