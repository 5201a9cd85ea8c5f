// SPDX-License-Identifier: Apache-2.0
// Time zones by name.
#include "text/zones.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

static const struct zone *find(const char *name)
{
    const struct zone *zone = NULL;
    struct err err = {0};
    if (zones_find(span_of(name), &zone, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    return zone;
}

static void expect_problem(const char *name, const char *problem)
{
    const struct zone *zone = NULL;
    struct err err = {0}, why = {0};
    char unknown[128];
    snprintf(unknown, sizeof(unknown), "unknown time zone %s", name);
    assert_int_equal(zones_find(span_of(name), &zone, &err), ERR_UNKNOWN);
    assert_string_equal(err.text, unknown); // found out without the list of names
    zones_explain(span_of(name), &why);
    assert_int_equal(why.code, ERR_CONFIG);
    assert_string_equal(why.text, problem);
    assert_null(zone);
}

static void a_zone_is_read_once(void **state)
{
    (void)state;
    const struct zone *rome = find("Europe/Rome");
    assert_string_equal(zone_name(rome), "Europe/Rome");
    assert_string_equal(zone_name(find("America/Argentina/Buenos_Aires")), "America/Argentina/Buenos_Aires");
    assert_ptr_equal(find("Europe/Rome"), rome);
}

static void a_name_that_none_has_is_told(void **state)
{
    (void)state;
    expect_problem("Europe/Rom", "unknown time zone Europe/Rom; did you mean Europe/Rome?");
    expect_problem("rome", "unknown time zone rome; did you mean Europe/Rome?");
    expect_problem("europe/rome", "unknown time zone europe/rome; did you mean Europe/Rome?");
    expect_problem("Europe//Rome", "unknown time zone Europe//Rome; did you mean Europe/Rome?");
    expect_problem("Gondor", "unknown time zone Gondor; use a name such as Europe/Rome or UTC");
    struct err err = {0};
    const struct zone *zone = NULL;
    struct span with_nul = {.at = "UTC\0", .len = 4};
    assert_int_equal(zones_find(with_nul, &zone, &err), ERR_UNKNOWN);
    expect_problem("", "unknown time zone ; use a name such as Europe/Rome or UTC");
    expect_problem("Europe", "unknown time zone Europe; use a name such as Europe/Rome or UTC");
    expect_problem(
        "../zoneinfo/UTC", "unknown time zone ../zoneinfo/UTC; use a name such as Europe/Rome or UTC");
    expect_problem(
        "/etc/localtime", "unknown time zone /etc/localtime; use a name such as Europe/Rome or UTC");
    struct err leaps = {0};
    assert_int_equal(zones_find(span_of("right/Europe/Rome"), &zone, &leaps), ERR_CONFIG);
    assert_string_equal(
        leaps.text, "the time zone right/Europe/Rome counts leap seconds, which no timestamp does");
}

static void without_files_there_is_utc(void **state)
{
    (void)state;
    setenv("TZDIR", "/nowhere", 1);
    assert_int_equal(zone_at(find("UTC"), 0).offset_s, 0);
    expect_problem("Europe/Paris",
        "the time zone Europe/Paris cannot be looked up, as /nowhere is not there: install tzdata");
    unsetenv("TZDIR");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_files_there_is_utc),
        cmocka_unit_test(a_zone_is_read_once),
        cmocka_unit_test(a_name_that_none_has_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
