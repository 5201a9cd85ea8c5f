// SPDX-License-Identifier: Apache-2.0
// Decimals as scaled integers.
#include "text/decimal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void each_spelling_of_a_number_is_read_at_its_scale(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned precision, scale;
        int64_t scaled;
    } cases[] = {{"12.30", 12, 2, 1230}, {"12.3", 12, 2, 1230}, {"12.300000", 12, 2, 1230},
        {"12", 12, 2, 1200}, {"-0.05", 12, 2, -5}, {"+5", 3, 2, 500}, {".5", 3, 2, 50}, {"5.", 3, 2, 500},
        {"007.10", 3, 2, 710}, {"0", 1, 0, 0}, {"-0.000", 1, 0, 0}, {"1e2", 5, 2, 10000},
        {"1.5E+1", 4, 2, 1500}, {"125e-2", 3, 2, 125}, {"1000e-3", 3, 2, 100}, {"0e999999999999", 3, 2, 0},
        {"0.000e-50", 3, 2, 0}, {"999999999999999999", 18, 0, INT64_C(999999999999999999)},
        {"-0.999999999999999999", 18, 18, INT64_C(-999999999999999999)},
        {"100000000000000000", 18, 0, INT64_C(100000000000000000)},
        {"1e17", 18, 0, INT64_C(100000000000000000)}, {"000000000000000000000000000001", 1, 0, 1},
        {"1.0000000000000000000000000000", 1, 0, 1}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t scaled = 77;
        if (decimal_parse(span_of(cases[i].text), cases[i].precision, cases[i].scale, &scaled) !=
                DECIMAL_OK ||
            scaled != cases[i].scaled)
            fail_msg("%s is %lld", cases[i].text, (long long)scaled);
    }
}

static void what_has_too_many_digits_is_refused_and_not_rounded(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned precision, scale;
    } cases[] = {{"12.345", 12, 2}, {"0.001", 12, 2}, {"1000", 5, 2}, {"10", 1, 0}, {"1e2", 2, 0},
        {"1e-3", 12, 2}, {"1e19", 18, 0}, {"1e18", 18, 0}, {"1000000000000000000", 18, 0},
        {"9999999999999999999", 18, 0}, {"1e999999999999999999999", 18, 0}, {"1", 2, 2},
        {"1.0000000000000000000000000001", 18, 2}, {"1e-999999999999999999999", 18, 2}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t scaled = 77;
        if (decimal_parse(span_of(cases[i].text), cases[i].precision, cases[i].scale, &scaled) !=
                DECIMAL_TOO_LONG ||
            scaled != 77)
            fail_msg("%s is %lld", cases[i].text, (long long)scaled);
    }
}

static void what_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {"", "+", "-", ".", "e1", "1e", "1e+", "1.2.3", "1,5", "0x1", "NaN",
        " 1", "1 ", "--1", "1e1.5", "1e5x"};
    int64_t scaled;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(decimal_parse(span_of(cases[i]), 18, 2, &scaled), DECIMAL_NO_NUMBER);
}

static void decimals_are_written_with_all_their_places(void **state)
{
    (void)state;
    static const struct {
        int64_t scaled;
        unsigned scale;
        const char *text;
    } cases[] = {{1230, 2, "12.30"}, {-5, 2, "-0.05"}, {0, 2, "0.00"}, {7, 0, "7"}, {5, 3, "0.005"},
        {INT64_MIN, 0, "-9223372036854775808"}, {INT64_MIN, 18, "-9.223372036854775808"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[NUMBER_CHARS];
        assert_int_equal(decimal_format(cases[i].scaled, cases[i].scale, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

static void scales_are_changed_by_rounding_halves_away_from_zero(void **state)
{
    (void)state;
    static const struct {
        int64_t scaled;
        unsigned from, to;
        int64_t expected;
    } cases[] = {{1230, 2, 4, 123000}, {1235, 3, 2, 124}, {1234, 3, 2, 123}, {-1235, 3, 2, -124},
        {49, 2, 0, 0}, {50, 2, 0, 1}, {-50, 2, 0, -1}, {7, 2, 2, 7}, {INT64_MAX, 18, 0, 9},
        {INT64_MIN, 1, 0, -922337203685477581}};
    int64_t scaled;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_true(decimal_rescale(cases[i].scaled, cases[i].from, cases[i].to, &scaled));
        assert_int_equal(scaled, cases[i].expected);
    }
    assert_false(decimal_rescale(INT64_MAX, 0, 1, &scaled));
    assert_false(decimal_rescale(10, 0, 18, &scaled));
}

static void a_real_is_rounded_by_the_digits_that_it_shows(void **state)
{
    (void)state;
    static const struct {
        double real;
        int64_t expected;
    } cases[] = {{1050 * 0.29, 305}, {1050 * 0.07, 74}, {0.5, 1}, {-0.5, -1}, {0.49, 0}, {0.05, 0}, {1.5, 2},
        {2.5, 3}, {-2.5, -3}, {304.4, 304}, {99.5, 100}, {999999999999.5, 1000000000000},
        {1234567890123456.0, 1234567890123456}, {9007199254740993.0, 9007199254740992}, {1e-300, 0},
        {4503599627370495.5, 4503599627370496}, {666.66666666666663, 667}};
    int64_t integer;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_true(decimal_from_real(cases[i].real, &integer));
        if (integer != cases[i].expected)
            fail_msg("%.17g is %lld", cases[i].real, (long long)integer);
    }
    assert_false(decimal_from_real(9.3e18, &integer));
    assert_false(decimal_from_real(-1e300, &integer));
}

static void digits_of_any_length_are_rounded(void **state)
{
    (void)state;
    static const struct {
        const char *digits;
        unsigned scale;
        const char *text;
    } cases[] = {{"12.3", 2, "12.30"}, {"12", 2, "12.00"}, {"12.345", 2, "12.35"}, {"12.344", 2, "12.34"},
        {"-12.345", 2, "-12.35"}, {"9.995", 2, "10.00"}, {"-99.5", 0, "-100"}, {"0.4", 0, "0"},
        {"-0.004", 2, "0.00"}, {"-0.005", 2, "-0.01"},
        {"12345678901234567890123.456", 1, "12345678901234567890123.5"}, {"7", 0, "7"}};
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 1000);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&out);
        buf_append_str(&out, "[");
        decimal_write_rounded(span_of(cases[i].digits), cases[i].scale, &out);
        buf_append(&out, "", 1);
        assert_string_equal(out.data + 1, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_spelling_of_a_number_is_read_at_its_scale),
        cmocka_unit_test(what_has_too_many_digits_is_refused_and_not_rounded),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(decimals_are_written_with_all_their_places),
        cmocka_unit_test(scales_are_changed_by_rounding_halves_away_from_zero),
        cmocka_unit_test(a_real_is_rounded_by_the_digits_that_it_shows),
        cmocka_unit_test(digits_of_any_length_are_rounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
