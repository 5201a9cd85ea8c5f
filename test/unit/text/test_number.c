// SPDX-License-Identifier: Apache-2.0
// Numbers from text and back.
#include "text/number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>

#include "base/attr.h"

static void assert_integer(const char *text, int64_t expected)
{
    int64_t integer;
    assert_true(number_parse_integer(span_of(text), &integer));
    assert_int_equal(integer, expected);
}

static void integers_of_64_bits_are_read(void **state)
{
    (void)state;
    assert_integer("0", 0);
    assert_integer("-0", 0);
    assert_integer("007", 7);
    assert_integer("-12", -12);
    assert_integer("9223372036854775807", INT64_MAX);
    assert_integer("-9223372036854775808", INT64_MIN);
}

static void what_is_no_integer_is_refused(void **state)
{
    (void)state;
    static const char *wrong[] = {"", "-", "+1", " 1", "1 ", "1.0", "1e2", "--1", "0x10", "1_000", "a",
        "9223372036854775808", "-9223372036854775809", "99999999999999999999999", "\xEF\xBC\x91"};
    int64_t integer = 7;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(number_parse_integer(span_of(wrong[i]), &integer));
    assert_int_equal(integer, 7);
}

static void integers_are_read_in_any_spelling_of_people(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t integer;
    } right[] = {{"+5", 5}, {"007", 7}, {"5.", 5}, {"-5.00", -5}, {"0.0", 0}, {"-0.", 0},
        {"+9223372036854775807.0", INT64_MAX}, {"-9223372036854775808.", INT64_MIN}};
    static const char *wrong[] = {"", "+", ".", "5.5", "5e1", ".0", "5.0.0", "5.-0", "9223372036854775808.0",
        "+-5", "5 000", "0x10", "1e", "nan", "inf", "5,0", "1e99999999999999999999"};
    int64_t integer = 7;
    for (size_t i = 0; i < ARRAY_LEN(right); i++) {
        assert_true(number_read_integer(span_of(right[i].text), &integer));
        assert_int_equal(integer, right[i].integer);
    }
    integer = 7;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(number_read_integer(span_of(wrong[i]), &integer));
    assert_int_equal(integer, 7);
}

static void numbers_are_read_in_any_spelling_of_people(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double real;
    } right[] = {{".85", 0.85}, {"-.516667", -0.516667}, {"+5", 5}, {"5.", 5}, {"00.5", 0.5}, {"+.5e+1", 5},
        {"-00", -0.0}, {"5.e1", 50}};
    static const char *wrong[] = {
        "", ".", "+", "-.", ".e1", "1e", "nan", "inf", "1e999", "0x1p3", "1_0", "+-1"};
    double real = 7;
    for (size_t i = 0; i < ARRAY_LEN(right); i++) {
        assert_true(number_read(span_of(right[i].text), &real));
        assert_true(memcmp(&real, &right[i].real, sizeof(real)) == 0);
    }
    real = 7;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(number_read(span_of(wrong[i]), &real));
    assert_true(real == 7);
}

static void assert_real(const char *text, double expected)
{
    double real;
    assert_true(number_parse(span_of(text), &real));
    if (memcmp(&real, &expected, sizeof(real)) != 0)
        fail_msg("%s is read as %.17g", text, real);
}

static void reals_are_read_to_the_nearest_double(void **state)
{
    (void)state;
    assert_real("0", 0.0);
    assert_real("-0", -0.0);
    assert_real("-0.0", -0.0);
    assert_real("0e999999999999999999", 0.0);
    assert_real("1", 1.0);
    assert_real("0.1", 0.1);
    assert_real("-1.5E+3", -1500.0);
    assert_real("1e22", 1e22);
    assert_real("1e23", 1e23);
    assert_real("123456789012345678", 123456789012345678.0);
    assert_real("9007199254740993", 9007199254740992.0);
    assert_real("9007199254740993.00000000000000000000001", 9007199254740994.0);
    assert_real("0.30000000000000004", 0.30000000000000004);
    assert_real("179769313486231570000e288", DBL_MAX);
    assert_real("2.2250738585072014e-308", DBL_MIN);
    assert_real("4.9e-324", 4.9e-324);
    assert_real("1e-400", 0.0);
    assert_real("1e-99999999999999999999", 0.0);
    assert_real("0.000000000000000000000000000001", 1e-30);
}

static void long_literals_keep_their_value(void **state)
{
    (void)state;
    static char text[5000];
    memset(text, '0', sizeof(text));
    memcpy(text, "1", 1);
    memcpy(text + 2001, "e-2000", sizeof("e-2000")); // 1, 2000 zeros
    assert_real(text, 1.0);
    memset(text, '0', sizeof(text));
    text[1] = '.';
    memcpy(text + 2001, "1e2000", sizeof("1e2000")); // 0.00…1, at place 2000
    assert_real(text, 1.0);
    // Half way between two doubles, and one digit at place 900 that decides
    memset(text, '0', sizeof(text));
    memcpy(text, "9007199254740993.", 17);
    text[900] = '1';
    text[901] = '\0';
    assert_real(text, 9007199254740994.0);
    text[900] = '0';
    assert_real(text, 9007199254740992.0);
}

static void what_is_no_json_number_is_refused(void **state)
{
    (void)state;
    static const char *wrong[] = {"", "-", "+1", ".5", "5.", "01", "-01", "1e", "1e+", "1.e1", " 1", "1 ",
        "0x1", "inf", "nan", "Infinity", "1,5", "1e400", "-1e400", "1e99999999999999999999", "1.2.3", "1e2.5",
        "--1"};
    double real = 7;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(number_parse(span_of(wrong[i]), &real));
    assert_true(real == 7);
}

static void integers_are_written(void **state)
{
    (void)state;
    char out[NUMBER_CHARS];
    assert_int_equal(number_format_integer(0, out), 1);
    assert_string_equal(out, "0");
    assert_int_equal(number_format_integer(-1112, out), 5);
    assert_string_equal(out, "-1112");
    assert_int_equal(number_format_integer(INT64_MIN, out), 20);
    assert_string_equal(out, "-9223372036854775808");
    (void)number_format_integer(INT64_MAX, out);
    assert_string_equal(out, "9223372036854775807");
}

static void assert_format(double real, const char *expected)
{
    char out[NUMBER_CHARS];
    memset(out, 'x', sizeof(out));
    assert_int_equal(number_format(real, out), strlen(expected));
    assert_string_equal(out, expected);
}

static void reals_are_written_in_their_shortest_form(void **state)
{
    (void)state;
    assert_format(0, "0.0");
    assert_format(-0.0, "-0.0");
    assert_format(1112, "1112.0");
    assert_format(-2.5, "-2.5");
    assert_format(0.1, "0.1");
    assert_format(0.1 + 0.2, "0.30000000000000004");
    assert_format(1.0 / 3, "0.3333333333333333");
    assert_format(2.0 / 3, "0.6666666666666666");
    assert_format(100, "100.0");
    assert_format(1.005, "1.005");
    assert_format(59.9139, "59.9139");
    assert_format(123456.789e3, "123456789.0");
    assert_format(9007199254740991, "9007199254740991.0");
    assert_format(9007199254740992, "9007199254740992.0");
    assert_format(9007199254740994, "9007199254740994.0");
    assert_format(1e20, "100000000000000000000.0");
    assert_format(123456789012345680000.0, "123456789012345680000.0");
    assert_format(1e21, "1e+21");
    assert_format(1.5e22, "1.5e+22");
    assert_format(1e-6, "0.000001");
    assert_format(1.234567890123456e-6, "0.000001234567890123456");
    assert_format(9.5e-7, "9.5e-7");
    assert_format(1e-7, "1e-7");
    assert_format(DBL_MAX, "1.7976931348623157e+308");
    assert_format(-DBL_MIN, "-2.2250738585072014e-308");
    assert_format(4.9e-324, "5e-324");
}

static void what_json_has_no_number_for_is_null(void **state)
{
    (void)state;
    assert_format(INFINITY, "null");
    assert_format(-INFINITY, "null");
    assert_format(NAN, "null");
}

// A sequence of numbers that is the same in every run.
static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed ^ *seed >> 29;
}

// The fewest digits with which the library's own conversion reads back.
static int shortest_precision(double real)
{
    char text[64];
    for (int count = 1; count < 17; count++) {
        snprintf(text, sizeof(text), "%.*e", count - 1, real);
        if (strtod(text, NULL) == real)
            return count;
    }
    return 17;
}

static int significant_digits(const char *text)
{
    int count = 0, zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (*text == '0' && count == 0))
            continue;
        count++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return count - zeros > 0 ? count - zeros : 1;
}

// Of the shortest forms the nearest one: the digits that printf(3) gives for that many of them.
static void assert_nearest(double real, const char *out)
{
    char expected[NUMBER_CHARS], digits[NUMBER_CHARS] = "";
    size_t len = 0;
    if (real == 0)
        return;
    snprintf(expected, sizeof(expected), "%.*e", shortest_precision(real) - 1, fabs(real));
    expected[strcspn(expected, "e")] = '\0';
    if (expected[1] == '.')
        memmove(expected + 1, expected + 2, strlen(expected + 1));
    for (; *out != '\0' && *out != 'e'; out++) {
        if (*out >= '0' && *out <= '9' && (len > 0 || *out != '0'))
            digits[len++] = *out;
    }
    while (len > strlen(expected) && digits[len - 1] == '0')
        digits[--len] = '\0';
    assert_string_equal(digits, expected);
}

static void assert_reads_back(double real)
{
    char out[NUMBER_CHARS];
    double back;
    struct span text = {.at = out, .len = number_format(real, out)};
    assert_true(number_parse(text, &back));
    assert_nearest(real, out);
    if (memcmp(&back, &real, sizeof(real)) != 0 || significant_digits(out) > shortest_precision(real))
        fail_msg("%.17g is written as %s", real, out);
}

static void random_reals_read_back_from_no_more_digits_than_needed(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = next_random(&seed);
        double real;
        memcpy(&real, &bits, sizeof(real));
        if (isfinite(real))
            assert_reads_back(real);
        assert_reads_back((double)(int64_t)bits);
        assert_reads_back((double)(int64_t)(bits >> 20) / 1000);
        assert_reads_back((double)(bits >> 40) / 1e9);
        assert_reads_back((double)(bits >> 11) / (double)(1 + (next_random(&seed) >> 30)));
    }
}

static void the_two_ways_of_reading_agree(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < 20000; i++) {
        char text[64];
        uint64_t random = next_random(&seed);
        snprintf(text, sizeof(text), "%llu.%05ue%d", (unsigned long long)(random >> (random % 60)),
            (unsigned)(random % 100000), (int)(random % 60) - 30);
        assert_real(text, strtod(text, NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_of_64_bits_are_read),
        cmocka_unit_test(what_is_no_integer_is_refused),
        cmocka_unit_test(integers_are_read_in_any_spelling_of_people),
        cmocka_unit_test(numbers_are_read_in_any_spelling_of_people),
        cmocka_unit_test(reals_are_read_to_the_nearest_double),
        cmocka_unit_test(long_literals_keep_their_value),
        cmocka_unit_test(what_is_no_json_number_is_refused),
        cmocka_unit_test(integers_are_written),
        cmocka_unit_test(reals_are_written_in_their_shortest_form),
        cmocka_unit_test(what_json_has_no_number_for_is_null),
        cmocka_unit_test(random_reals_read_back_from_no_more_digits_than_needed),
        cmocka_unit_test(the_two_ways_of_reading_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
