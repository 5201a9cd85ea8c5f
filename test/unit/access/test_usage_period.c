// SPDX-License-Identifier: Apache-2.0
#include "access/usage_period.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "text/date.h"

static void expect(struct usage_period period, const char *first, const char *last)
{
    char text[DATE_CHARS];
    date_format(date_from_days(period.first_day), text);
    assert_string_equal(text, first);
    date_format(date_from_days(period.last_day), text);
    assert_string_equal(text, last);
}

static void a_month_has_all_its_days(void **state)
{
    (void)state;
    struct usage_period period;
    char text[MONTH_CHARS];
    assert_true(usage_month_parse(span_of("2026-10"), &period));
    expect(period, "2026-10-01", "2026-10-31");
    usage_month_format(period, text);
    assert_string_equal(text, "2026-10");
    assert_true(usage_month_parse(span_of("2028-02"), &period));
    expect(period, "2028-02-01", "2028-02-29");
    assert_true(usage_month_parse(span_of("2026-12"), &period));
    expect(period, "2026-12-01", "2026-12-31");
    assert_true(usage_month_parse(span_of("9999-12"), &period));
    expect(period, "9999-12-01", "9999-12-31");
    expect(usage_month_of(period.last_day), "9999-12-01", "9999-12-31");
    expect(usage_month_of(0), "1970-01-01", "1970-01-31");
}

static void a_day_is_a_period_of_its_own(void **state)
{
    (void)state;
    struct usage_period period;
    assert_true(usage_day_parse(span_of("2026-10-03"), &period));
    expect(period, "2026-10-03", "2026-10-03");
}

static void what_is_no_month_or_day_is_refused(void **state)
{
    (void)state;
    static const char *const months[] = {"", "2026", "2026-1", "2026-13", "2026-00", "2026-1a", "2026-10-03",
        " 2026-1", "2026/10", "0000-01", "-026-10"};
    static const char *const days[] = {"", "2026-10", "2026-02-29", "2026-10-3", "2026-10-031"};
    struct usage_period period;
    for (size_t i = 0; i < sizeof(months) / sizeof(months[0]); i++)
        assert_false(usage_month_parse(span_of(months[i]), &period));
    for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++)
        assert_false(usage_day_parse(span_of(days[i]), &period));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_month_has_all_its_days),
        cmocka_unit_test(a_day_is_a_period_of_its_own),
        cmocka_unit_test(what_is_no_month_or_day_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
