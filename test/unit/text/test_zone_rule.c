// SPDX-License-Identifier: Apache-2.0
// Rules of time zones in the form of POSIX.
#include "text/zone_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/attr.h"
#include "text/timestamp.h"

// Whether the offset changes at a moment, from one to another.
static void expect_change(const char *rule_text, const char *moment, int before_s, int after_s)
{
    struct zone_rule rule;
    int64_t us;
    assert_true(zone_rule_read(span_of(rule_text), &rule));
    assert_true(timestamp_parse(span_of(moment), &us));
    struct zone_period before = zone_rule_at(&rule, us / 1000000 - 1);
    struct zone_period after = zone_rule_at(&rule, us / 1000000);
    if (before.offset_s != before_s || after.offset_s != after_s)
        fail_msg("%s at %s: %d, then %d", rule_text, moment, before.offset_s, after.offset_s);
    if (before_s != after_s)
        assert_true(before.until_s == us / 1000000 && after.from_s == before.until_s);
}

static void clocks_change_as_the_rule_says(void **state)
{
    (void)state;
    expect_change("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00Z", 3600, 7200);
    expect_change("CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T01:00:00Z", 7200, 3600);
    expect_change("CET-1CEST,M3.5.0,M10.5.0/3", "2026-12-31T23:59:59Z", 3600, 3600);
    expect_change("EST5EDT,M3.2.0,M11.1.0", "2026-03-08T07:00:00Z", -18000, -14400);
    expect_change("EST5EDT,M3.2.0,M11.1.0", "2026-11-01T06:00:00Z", -14400, -18000);
    expect_change(
        "AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-04-04T16:00:00Z", 39600, 36000); // south of the equator
    expect_change("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-01-01T00:00:00Z", 39600, 39600);
    expect_change("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-10-03T15:30:00Z", 37800, 39600);
    expect_change(
        "IST-1GMT0,M10.5.0,M3.5.0/1", "2026-03-29T01:00:00Z", 0, 3600); // summer time is the winter's
    expect_change("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", -7200, -3600);
    expect_change("IST-2IDT,M3.4.4/26,M10.5.0", "2026-03-27T00:00:00Z", 7200, 10800);
    expect_change("XXX-3YYY,J60,300/1:30:15", "2024-02-29T23:00:00Z", 10800, 14400); // J60 is always 1 March
    expect_change("XXX-3YYY,J60,300/1:30:15", "2024-10-26T21:30:15Z", 14400, 10800);
    expect_change("XXX3EDT4,0/0,J365/23", "2026-01-01T03:00:00Z", -14400, -14400); // summer for good
    expect_change("UTC0", "2026-06-01T00:00:00Z", 0, 0);
    expect_change("<+0545>-5:45", "2026-06-01T00:00:00Z", 20700, 20700);
    expect_change("CET-1CEST,M3.5.0,M10.5.0/3", "0001-01-01T00:00:01Z", 3600, 3600);
    expect_change("CET-1CEST,M3.5.0,M10.5.0/3", "9999-10-31T01:00:00Z", 7200, 3600);
}

static void what_is_no_rule_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "CE-1", "CET", "CET-", "CET-25", "CET-1CEST", "CET-1CEST,M3.5.0",
        "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.0.0,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0/168", "CET-1CEST,M3.5.0,M10.5.0x",
        "CET-1CEST,J0,J365", "CET-1CEST,J1,J366", "CET-1CEST,0,366", "<CET-1", "CET-1:60",
        "CET-1CEST,M3.5,M10.5.0"};
    struct zone_rule rule;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        if (zone_rule_read(span_of(wrong[i]), &rule))
            fail_msg("%s is taken for a rule", wrong[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_change_as_the_rule_says),
        cmocka_unit_test(what_is_no_rule_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
