// SPDX-License-Identifier: Apache-2.0
// Files of time zones, as this machine has them and damaged. That what they say is read right, over all
// zones, is compared with another reader's by test/box/language/test_times.py.
#include "text/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <string.h>

#include "base/attr.h"
#include "base/mem.h"

enum { FILE_BYTES = 65536 };

static size_t read_rome(char bytes[FILE_BYTES])
{
    FILE *file = fopen("/usr/share/zoneinfo/Europe/Rome", "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, FILE_BYTES, file);
    fclose(file);
    assert_true(len > 44 && len < FILE_BYTES);
    return len;
}

static struct zone *zone_of(const char *bytes, size_t len)
{
    struct zone *zone = NULL;
    struct err err = {0};
    if (zone_new("Europe/Rome", (struct span){.at = bytes, .len = len}, &zone, &err) != ERR_NONE)
        assert_string_equal(err.text, "the time zone Europe/Rome has a damaged file");
    return zone;
}

static void a_file_says_what_clocks_show(void **state)
{
    (void)state;
    static const struct {
        int64_t utc_s;
        int32_t offset_s;
    } moments[] = {
        {-62135596800, 2996},                    // the year 1: by the sun
        {-3252098997, 2996},                     // the last second of that
        {-1690000000, 7200},                     // summer of 1916
        {0, 3600}, {1774745999, 3600},           // 2026-03-29T00:59:59Z
        {1774746000, 7200}, {1792889999, 7200},  // 2026-10-25T00:59:59Z
        {1792890000, 3600}, {16741900800, 7200}, // 2500-07-10, behind the table
        {253402300799, 3600},                    // the last second of 9999
    };
    char bytes[FILE_BYTES];
    struct zone *zone = zone_of(bytes, read_rome(bytes));
    assert_non_null(zone);
    assert_string_equal(zone_name(zone), "Europe/Rome");
    for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
        struct zone_period period = zone_at(zone, moments[i].utc_s);
        if (period.offset_s != moments[i].offset_s)
            fail_msg("at %lld it is %d", (long long)moments[i].utc_s, period.offset_s);
        assert_true(period.from_s <= moments[i].utc_s && moments[i].utc_s < period.until_s);
    }
    zone_free(zone);
}

static void a_local_time_has_one_moment_or_none_or_two(void **state)
{
    (void)state;
    char bytes[FILE_BYTES];
    struct zone *zone = zone_of(bytes, read_rome(bytes));
    struct zone_moment moment = zone_find_moment(zone, 1774746000 + 5400); // 2026-03-29 02:30
    assert_int_equal(moment.fit, ZONE_NEVER);
    assert_int_equal(moment.change_s, 1774746000);
    assert_true(moment.before_s == 3600 && moment.after_s == 7200);
    moment = zone_find_moment(zone, 1774746000 + 3599);
    assert_true(moment.fit == ZONE_ONCE && moment.utc_s == 1774745999);
    moment = zone_find_moment(zone, 1774746000 + 7200);
    assert_true(moment.fit == ZONE_ONCE && moment.utc_s == 1774746000);
    moment = zone_find_moment(zone, 1792890000 + 3600); // 2026-10-25 02:00
    assert_int_equal(moment.fit, ZONE_TWICE);
    assert_int_equal(moment.utc_s, 1792890000 - 3600);
    assert_true(moment.change_s == 1792890000 && moment.before_s == 7200 && moment.after_s == 3600);
    zone_free(zone);
}

static void a_damaged_file_is_told(void **state)
{
    (void)state;
    char bytes[FILE_BYTES];
    size_t len = read_rome(bytes);
    for (size_t cut = 0; cut < len; cut++)
        assert_null(zone_of(bytes, cut));
    for (size_t i = 0; i < len; i++) { // whatever one byte is, moments are found or the file is refused
        char was = bytes[i];
        bytes[i] = (char)~was;
        struct zone *zone = NULL;
        struct err err = {0};
        if (zone_new("x", (struct span){.at = bytes, .len = len}, &zone, &err) == ERR_NONE)
            (void)zone_find_moment(zone, 1774746000);
        zone_free(zone);
        bytes[i] = was;
    }
}

static void without_memory_there_is_no_zone(void **state)
{
    (void)state;
    char bytes[FILE_BYTES];
    size_t len = read_rome(bytes);
    for (long count = 0;; count++) {
        struct zone *zone = NULL;
        struct err err = {0};
        mem_fail_after(count);
        enum err_code code = zone_new("x", (struct span){.at = bytes, .len = len}, &zone, &err);
        mem_fail_after(-1);
        zone_free(zone);
        if (code == ERR_NONE)
            break;
        assert_int_equal(code, ERR_NO_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_says_what_clocks_show),
        cmocka_unit_test(a_local_time_has_one_moment_or_none_or_two),
        cmocka_unit_test(a_damaged_file_is_told),
        cmocka_unit_test(without_memory_there_is_no_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
