// SPDX-License-Identifier: Apache-2.0
// month_of(day), week_of(day), day_in(at, zone) and clock_in(at, zone), as every store has them.
#include "fixture.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "store/versions.h"
#include "text/date.h"

// Each day from 1989 to 2031, by libc's reckoning.
static void months_and_weeks_are_those_of_iso_8601(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct value value;
    bool row = true;
    char expected[64];
    int32_t days = date_to_days((struct date){.year = 1989, .month = 1, .day = 1});
    struct store_stmt *stmt = prepare(f->reader,
        "SELECT month_of(day) || ' ' || week_of(day) FROM calendar('1989-01-01', '2031-12-31') ORDER BY day",
        NULL, 0);
    assert_int_equal(store_bind(stmt, NULL, &err), ERR_NONE);
    for (;; days++) {
        assert_int_equal(store_step(stmt, &row, &err), ERR_NONE);
        if (!row)
            break;
        time_t seconds = (time_t)days * 86400;
        struct tm parts;
        gmtime_r(&seconds, &parts);
        size_t len = strftime(expected, sizeof(expected), "%Y-%m %G-W%V", &parts);
        assert_int_equal(store_column(stmt, 0, &value, &err), ERR_NONE);
        if (!span_equal(value.text, (struct span){.at = expected, .len = len}))
            fail_msg("%.*s, not %s", (int)value.text.len, value.text.at, expected);
    }
    assert_int_equal(days, date_to_days((struct date){.year = 2031, .month = 12, .day = 31}) + 1);
    store_finalize(stmt);
    assert_rows(f->reader,
        "SELECT month_of('0001-01-01'), week_of('0001-01-01'), month_of('9999-12-31'), week_of('9999-12-31')",
        "'0001-01'|'0001-W01'|'9999-12'|'9999-W52'\n");
}

static void a_moment_is_told_by_the_clocks_of_a_zone(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *at, *zone, *told;
    } cases[] = {
        {"2026-03-29T00:59:59.999Z", "Europe/Rome", "'2026-03-29'|'01:59:59.999'\n"},
        {"2026-03-29T01:00:00.000Z", "Europe/Rome", "'2026-03-29'|'03:00:00'\n"},
        {"2026-10-25T00:30:00.000Z", "Europe/Rome", "'2026-10-25'|'02:30:00'\n"},
        {"2026-10-25T01:30:00.000Z", "Europe/Rome", "'2026-10-25'|'02:30:00'\n"},
        {"2026-12-31T23:00:00.000Z", "Europe/Rome", "'2027-01-01'|'00:00:00'\n"},
        {"2026-01-01T04:59:59.123456Z", "America/New_York", "'2025-12-31'|'23:59:59.123456'\n"},
        {"2011-12-30T10:00:00.000Z", "Pacific/Apia", "'2011-12-31'|'00:00:00'\n"},
        {"2026-07-01T00:00:00.000Z", "Asia/Kathmandu", "'2026-07-01'|'05:45:00'\n"},
        {"1800-01-01T00:00:00.000Z", "Europe/Rome", "'1800-01-01'|'00:49:56'\n"},
        {"2300-07-01T00:00:00.000Z", "Europe/Rome", "'2300-07-01'|'02:00:00'\n"},
        {"2026-07-01T00:00:00.000Z", "UTC", "'2026-07-01'|'00:00:00'\n"},
        {"2026-07-01T00:00:00.000Z", "CET", "'2026-07-01'|'02:00:00'\n"}, // an abbreviation has no summer
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char sql[200];
        snprintf(sql, sizeof(sql), "SELECT day_in('%s', '%s'), clock_in('%s', '%s')", cases[i].at,
            cases[i].zone, cases[i].at, cases[i].zone);
        assert_rows(f->reader, sql, cases[i].told);
    }
    assert_rows(f->reader, "SELECT month_of(day_in('2026-12-31T23:00:00Z', 'Europe/Rome'))", "'2027-01'\n");
}

// The clocks of a zone may be ahead of the calendar's last moment in UTC.
static void a_day_outside_of_the_calendar_is_null(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *at, *zone, *told;
    } cases[] = {
        {"9999-12-31T22:59:59.999Z", "Europe/Rome", "'9999-12-31'|'23:59:59.999'\n"},
        {"9999-12-31T23:00:00.000Z", "Europe/Rome", "NULL|NULL\n"},
        {"9999-12-31T23:59:59.000Z", "UTC", "'9999-12-31'|'23:59:59'\n"},
        {"0001-01-01T00:00:00.000Z", "America/New_York", "NULL|NULL\n"},
        {"0001-01-01T00:00:00.000Z", "Europe/Rome", "'0001-01-01'|'00:49:56'\n"},
        {"0001-01-01T00:00:00.000Z", "UTC", "'0001-01-01'|'00:00:00'\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char sql[200];
        snprintf(sql, sizeof(sql), "SELECT day_in('%s', '%s'), clock_in('%s', '%s')", cases[i].at,
            cases[i].zone, cases[i].at, cases[i].zone);
        assert_rows(f->reader, sql, cases[i].told);
    }
}

static void only_the_names_of_zones_are_zones(void **state)
{
    struct fixture *f = *state;
    static const char *const zones[] = {"PST", "CEST", "Cet", "Pst", "Gmt", "Etc/Utc", "Gb",
        "America/Port_Of_Spain", "Australia/Nsw", "+05:00", "-05", "05:00", "UTC+2", "EST5",
        "PST8PDT,M3.2.0,M11.1.0", "Etc/GMT+15", "europe/rome", "EUROPE/ROME", "Europe/rome", "utc",
        "us/Pacific", "localtime", "posix/Europe/Rome", "Europe", "", " UTC", "UTC ", "<+05>-5", ":UTC",
        "Europe/Gondor", "Localtime", "Posix/Europe/Rome", "Right/Europe/Rome", "Posixrules"};
    run_script(f->writer, "CREATE TABLE named (zone text)");
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        char sql[200], error[200];
        snprintf(sql, sizeof(sql), "DELETE FROM named; INSERT INTO named VALUES ('%s')", zones[i]);
        run_script(f->writer, sql);
        for (int is_clock = 0; is_clock < 2; is_clock++) {
            const char *function = is_clock ? "clock_in" : "day_in";
            snprintf(sql, sizeof(sql), "SELECT %s('2026-01-01T00:00:00Z', zone) FROM named", function);
            struct err err = error_of_run(f->reader, sql);
            snprintf(error, sizeof(error), "%s: \"%s\" is no time zone", function, zones[i]);
            if (f->is_sqlite)
                assert_error(err, ERR_VALUE, error);
            else if (err.code != ERR_VALUE || strstr(err.text, "not recognized") == NULL)
                fail_msg("%s: %s", zones[i], err.text);
        }
    }
}

// Every zone that the machine has.
static void every_name_of_a_zone_is_one(void **state)
{
    struct fixture *f = *state;
    static const char list[] = "/usr/share/zoneinfo/tzdata.zi";
    FILE *file = fopen(list, "r");
    char line[200], first[100], second[100], third[100], sql[300];
    size_t count = 0;
    if (file == NULL)
        fail_msg("%s: cannot be read: install tzdata", list);
    while (fgets(line, sizeof(line), file) != NULL) {
        int words = sscanf(line, "%99s %99s %99s", first, second, third);
        const char *name = words >= 2 && strcmp(first, "Z") == 0 ? second : third;
        if (words < 2 || (strcmp(first, "Z") != 0 && (strcmp(first, "L") != 0 || words < 3)))
            continue;
        snprintf(sql, sizeof(sql), "SELECT count(day_in('2026-01-01T00:00:00Z', '%s'))", name);
        assert_rows(f->reader, sql, "1\n");
        count++;
    }
    fclose(file);
    assert_true(count > 400);
}

static void of_null_they_are_null(void **state)
{
    struct fixture *f = *state;
    assert_rows(f->reader,
        "SELECT month_of(NULL), week_of(NULL), day_in(NULL, 'UTC'), day_in('2026-01-01T00:00:00Z', NULL),"
        " clock_in(NULL, NULL)",
        "NULL|NULL|NULL|NULL|NULL\n");
}

static void what_is_none_is_an_error(void **state)
{
    struct fixture *f = *state;
    if (!f->is_sqlite) { // which has words of its own
        assert_string_equal(error_of_prepare(f->reader, "SELECT month_of('2026-02-30')").text,
            "date/time field value out of range: \"2026-02-30\"");
        return;
    }
    assert_error(error_of_run(f->reader, "SELECT month_of('2026-02-30')"), ERR_VALUE,
        "month_of: \"2026-02-30\" is no date, YYYY-MM-DD");
    assert_error(error_of_run(f->reader, "SELECT week_of(20260101)"), ERR_VALUE,
        "week_of: \"20260101\" is no date, YYYY-MM-DD");
    assert_error(error_of_run(f->reader, "SELECT day_in('2026-01-01T00:00:00Z', 'Europe/Rom')"), ERR_VALUE,
        "day_in: \"Europe/Rom\" is no time zone");
    assert_error(error_of_run(f->reader, "SELECT day_in('2026-01-01', 'UTC')"), ERR_VALUE,
        "day_in: \"2026-01-01\" is no timestamp, RFC 3339");
    assert_rows(f->reader, "SELECT day_in(datetime(0, 'unixepoch'), 'Asia/Tokyo')", "'1970-01-01'\n");
}

// An index over a zone's day would be wrong after the zone's next rules. PostgreSQL takes one over its own
// function, and so over ours.
static void an_index_may_be_made_over_months_not_over_days_in_a_zone(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, f->is_sqlite ? "CREATE TABLE seen (at text, day text)"
                                       : "CREATE TABLE seen (at timestamp with time zone, day date)");
    run_script(f->writer,
        "CREATE INDEX by_month ON seen (month_of(day)); CREATE INDEX by_week ON seen (week_of(day));"
        "CREATE VIEW told AS SELECT day_in(at, 'Europe/Rome') AS day FROM seen;"
        "INSERT INTO seen VALUES ('2026-01-31T23:00:00.000Z', '2026-01-31')");
    assert_rows(f->reader, "SELECT day FROM told", "'2026-02-01'\n");
    assert_rows(f->reader, "SELECT day FROM seen WHERE month_of(day) = '2026-01'", "'2026-01-31'\n");
    if (f->is_sqlite)
        assert_error(error_of_script(f->writer, "CREATE INDEX by_day ON seen (day_in(at, 'UTC'))"),
            ERR_CONFIG, "non-deterministic functions prohibited in index expressions");
}

static void answers_made_of_them_may_be_kept(void **state)
{
    struct fixture *f = *state;
    static const struct store_name params[] = {{.name = {"at", 2}, .type = TYPE_TIMESTAMP},
        {.name = {"zone", 4}, .type = TYPE_TEXT}, {.name = {"day", 3}, .type = TYPE_DATE}};
    run_script(f->writer, "CREATE TABLE kept (n integer)");
    struct store_stmt *stmt = prepare(f->reader,
        "SELECT n, day_in(:at, :zone), clock_in(:at, :zone), month_of(:day), week_of(:day) FROM kept", params,
        3);
    AUTO(buf_fini) struct buf why;
    struct err err = {0};
    buf_init(&why, 1000);
    if (versions_miss(stmt, &why, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    assert_int_equal(why.len, 0);
    store_finalize(stmt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(months_and_weeks_are_those_of_iso_8601),
        STORE_TEST(a_moment_is_told_by_the_clocks_of_a_zone),
        STORE_TEST(a_day_outside_of_the_calendar_is_null),
        STORE_TEST(only_the_names_of_zones_are_zones),
        STORE_TEST(every_name_of_a_zone_is_one),
        STORE_TEST(of_null_they_are_null),
        STORE_TEST(what_is_none_is_an_error),
        STORE_TEST(an_index_may_be_made_over_months_not_over_days_in_a_zone),
        STORE_TEST(answers_made_of_them_may_be_kept),
    };
    return fixture_run(tests);
}
