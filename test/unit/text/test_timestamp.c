// SPDX-License-Identifier: Apache-2.0
// Moments in RFC 3339.
#include "text/timestamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/attr.h"

static void assert_timestamp(const char *text, const char *expected)
{
    int64_t us;
    char out[TIMESTAMP_CHARS];
    assert_true(timestamp_parse(span_of(text), &us));
    size_t len = timestamp_format(us, strlen(expected) > strlen("2020-01-01T00:00:00.000Z"), out);
    assert_string_equal(out, expected);
    assert_int_equal(len, strlen(expected));
}

static void timestamps_are_normalised_to_utc(void **state)
{
    (void)state;
    assert_timestamp("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z");
    assert_timestamp("2016-12-31t23:59:59z", "2016-12-31T23:59:59.000Z");
    assert_timestamp("1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57.000Z"); // RFC 3339 section 5.8
    assert_timestamp("1937-01-01T12:00:27.87+00:20", "1937-01-01T11:40:27.870Z");
    assert_timestamp("2020-01-01T00:00:00-00:00", "2020-01-01T00:00:00.000Z");
    assert_timestamp("2020-01-01T00:00:00.1Z", "2020-01-01T00:00:00.100Z");
    assert_timestamp("2020-01-01T00:00:00.000Z", "2020-01-01T00:00:00.000Z");
    assert_timestamp("2020-01-01T00:00:00.000999999Z", "2020-01-01T00:00:00.000Z");
    assert_timestamp("1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999Z");
    assert_timestamp("0001-01-01T23:59:00+23:59", "0001-01-01T00:00:00.000Z");
    assert_timestamp("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z");
    assert_timestamp("2020-01-01T00:00:00.000999999Z", "2020-01-01T00:00:00.000999Z");
    assert_timestamp("1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999Z");
    assert_timestamp("2020-01-01T00:00:00.5Z", "2020-01-01T00:00:00.500000Z");
    assert_timestamp("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z");
    assert_timestamp("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z");
    assert_timestamp("2017-01-01T00:59:60.5+01:00", "2017-01-01T00:00:00.500Z");
}

static void moments_for_people_have_whole_seconds_and_stay_in_the_calendar(void **state)
{
    (void)state;
    char out[TIMESTAMP_CHARS];
    timestamp_format_seconds(0, out);
    assert_string_equal(out, "1970-01-01T00:00:00Z");
    timestamp_format_seconds(-1, out);
    assert_string_equal(out, "1969-12-31T23:59:59Z");
    timestamp_format_seconds(1798761599, out);
    assert_string_equal(out, "2026-12-31T23:59:59Z");
    timestamp_format_seconds(INT64_MAX, out);
    assert_string_equal(out, "9999-12-31T23:59:59Z");
    timestamp_format_seconds(INT64_MIN, out);
    assert_string_equal(out, "0001-01-01T00:00:00Z");
}

static void what_rfc_3339_does_not_allow_is_refused(void **state)
{
    (void)state;
    static const char *wrong[] = {"", "2020-01-01", "2020-01-01T00:00:00", "2020-01-01 00:00:00Z",
        "2020-01-01T00:00Z", "2020-01-01T24:00:00Z", "2020-01-01T00:60:00Z", "2016-12-31T23:58:60Z",
        "2016-12-31T23:59:60+01:00", "2016-12-31T23:59:61Z", "2020-02-30T00:00:00Z", "2020-01-01T00:00:00.Z",
        "2020-01-01T00:00:00.1234567890Z", "2020-01-01T00:00:00,5Z", "2020-01-01T00:00:00+0100",
        "2020-01-01T00:00:00+24:00", "2020-01-01T00:00:00+01:60", "2020-01-01T00:00:00+1:00",
        "2020-01-01T00:00:00ZZ", "2020-01-01T00:00:00Z ", "2020-01-01T0:00:000Z", "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01", "2020-01-01T00:00:00.5", "2020-01-01T00-00-00Z"};
    int64_t us = 7;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(timestamp_parse(span_of(wrong[i]), &us));
    assert_int_equal(us, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timestamps_are_normalised_to_utc),
        cmocka_unit_test(moments_for_people_have_whole_seconds_and_stay_in_the_calendar),
        cmocka_unit_test(what_rfc_3339_does_not_allow_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
