// SPDX-License-Identifier: Apache-2.0
#include "text/column_guess.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/attr.h"

static const char *const kinds[] = {
    "empty", "text", "boolean", "integer", "number", "date", "time", "timestamp"};

// Columns of cells with | between them, as one file.
struct file {
    struct column_guess columns[3];
    struct column_ways ways;
};

static void read_file(struct file *file, const char *const *columns, size_t count, char delimiter)
{
    for (size_t i = 0; i < count; i++) {
        struct span rest = span_of(columns[i]);
        column_guess_init(&file->columns[i]);
        do
            column_guess_feed(&file->columns[i], span_split(&rest, '|'));
        while (rest.len > 0);
    }
    const struct column_guess *guesses[] = {&file->columns[0], &file->columns[1], &file->columns[2]};
    column_ways_settle(guesses, count, delimiter, &file->ways);
}

// Asserts "kind format" of a column in a file of its own.
static void assert_guess(const char *cells, char delimiter, const char *expected)
{
    struct file file = {0};
    char format[COLUMN_FORMAT_BYTES], found[80];
    read_file(&file, &cells, 1, delimiter);
    column_guess_format(&file.columns[0], &file.ways, format);
    snprintf(found, sizeof(found), "%s%s%s", kinds[column_guess_kind(&file.columns[0], &file.ways)],
        format[0] != '\0' ? " " : "", format);
    assert_string_equal(found, expected);
    column_guess_fini(&file.columns[0]);
}

static void whole_numbers_are_integers_unless_they_are_codes(void **state)
{
    (void)state;
    assert_guess("1|-2|0|9223372036854775807", ',', "integer");
    assert_guess("9223372036854775808|1", ',', "text"); // beyond 64 bits
    assert_guess("01067|99999", ',', "text");
    assert_guess("+4930123456|+4930123457", ',', "text");
    assert_guess("DE89370400440532013000|DE02", ',', "text");
    assert_guess("1|0|1", ',', "integer");
    assert_guess("|", ',', "empty");
    assert_guess("NA|-", ',', "text");
}

static void numbers_are_read_as_the_file_writes_them(void **state)
{
    (void)state;
    assert_guess("1.5|2|-0.25", ',', "number");
    assert_guess("-12,34|5,00", ';', "number");
    assert_guess("1.234,56|5,00", ';', "number");
    assert_guess("1,234|12|5,678,901", ',', "integer");
    assert_guess("1,234|5,678", ',', "integer");
    assert_guess("1.234|12|999", ';', "integer"); // all past 999 have a point: of thousands
    assert_guess("1.234|1200", ';', "number");
    assert_guess("0.123|4.567", ';', "number");
    assert_guess("1.234|4.567", ';', "number");
    assert_guess("1 234,5|12,5", ';', "number");
    assert_guess("1.5|abc", ',', "text");
    assert_guess("1,5|2.5", ';', "text");
}

static void one_column_says_how_others_are_written(void **state)
{
    (void)state;
    struct file file = {0};
    static const char *const columns[] = {"1.234|4.567", "0,5|1,25", "1|2"};
    read_file(&file, columns, 3, ';');
    assert_int_equal(number_styles[file.ways.style].decimal, ',');
    assert_int_equal(number_styles[file.ways.style].thousands, '.');
    assert_int_equal(column_guess_kind(&file.columns[0], &file.ways), COLUMN_INTEGER);
    assert_int_equal(column_guess_kind(&file.columns[1], &file.ways), COLUMN_NUMBER);
    for (size_t i = 0; i < 3; i++)
        column_guess_fini(&file.columns[i]);
}

static void dates_have_the_format_that_all_of_them_fit(void **state)
{
    (void)state;
    assert_guess("2026-01-31|2026-02-01", ',', "date");
    assert_guess("2026-1-31|2026-02-01", ',', "date %Y-%m-%d");
    assert_guess("31.12.2025|1.2.2026", ';', "date %d.%m.%Y");
    assert_guess("31.12.25|01.02.26", ';', "date %d.%m.%y");
    assert_guess("01/02/2026|31/12/2026", ',', "date %d/%m/%Y");
    assert_guess("01/02/2026|12/31/2026", ';', "date %m/%d/%Y");
    assert_guess("01/02/2026|03/04/2026", ';', "date %d/%m/%Y"); // nothing tells
    assert_guess("01/02/2026|03/04/2026", ',', "date %m/%d/%Y");
    assert_guess("20260131|20260201|20260202", ',', "date %Y%m%d");
    assert_guess("20260131|20260201|20260299", ',', "integer");
    assert_guess("31.02.2026|01.01.2026", ';', "text");
    assert_guess("2020-01|2020-02", ',', "text");
}

static void moments_have_a_date_and_a_time(void **state)
{
    (void)state;
    assert_guess("2026-01-01T10:00:00Z|2026-01-01T10:00:00.5+01:00", ',', "timestamp");
    assert_guess("2026-01-01 10:00:00|2026-01-01 23:59:59", ',', "timestamp %Y-%m-%d %H:%M:%S");
    assert_guess("31.12.2025 10:00|01.01.2026 00:30", ';', "timestamp %d.%m.%Y %H:%M");
    assert_guess("10:00|23:59", ';', "time");
    assert_guess("10:00:00|23:59:59", ';', "time");
    assert_guess("10:00|10:30:05", ';', "time");
    assert_guess("9:00 AM|12:30 pm", ';', "time %I:%M %p");
    assert_guess("10:00|24:01", ';', "text");
    assert_guess("10:00|2026-01-01 10:00", ';', "text");
    assert_guess(
        "2014-05-31 16:10:02 -0400|2014-06-01 00:00:00 +0200", ',', "timestamp %Y-%m-%d %H:%M:%S %z");
    assert_guess("1/31/2026 9:00 AM|2/1/2026 12:30 PM", ',', "timestamp %m/%d/%Y %I:%M %p");
    assert_guess("03-Apr-2023|31-Dec-2023", ',', "date %d-%b-%Y");
    assert_guess("2026-01-01T10:00:00|2026-01-01T10:00:01", ',', "timestamp %Y-%m-%dT%H:%M:%S");
    assert_guess("2026-01-01T10:00|2026-01-01 10:00", ',', "text");
    assert_guess("12:34:56:78|1:2", ',', "text");
    assert_guess("a: b|c: d", ',', "text");
    assert_guess("2026-01-01|2026-01-01 10:00", ',', "text");
    assert_guess("2026-01-01 10:00|2026-01-01", ',', "text");
    assert_guess("2026-01-01 10:00|2026-01-01 10:00:05", ',', "text");
}

static void booleans_are_pairs_of_words(void **state)
{
    (void)state;
    assert_guess("true|false", ',', "boolean");
    assert_guess("TRUE|TRUE", ',', "boolean");
    assert_guess("ja|Nein|JA", ';', "boolean");
    assert_guess("oui|non", ';', "boolean");
    assert_guess("s\xC3\xAC|no", ';', "boolean");
    assert_guess("t|f", ',', "boolean");
    assert_guess("t|t", ',', "text"); // a letter alone may be anything
    assert_guess("yes|ja", ',', "text");
}

static void signs_for_nothing_are_no_values(void **state)
{
    (void)state;
    struct file file = {0};
    static const char *const columns[] = {"1|NA|2.5|-", "a|b||c"};
    read_file(&file, columns, 2, ',');
    assert_int_equal(column_guess_kind(&file.columns[0], &file.ways), COLUMN_NUMBER);
    assert_int_equal(column_guess_tokens(&file.columns[0]), 2);
    assert_int_equal(file.columns[1].empty, 1);
    assert_int_equal(column_guess_tokens(&file.columns[1]), 0);
    column_guess_fini(&file.columns[0]);
    column_guess_fini(&file.columns[1]);
}

static void a_key_is_there_and_unique(void **state)
{
    (void)state;
    static const struct {
        const char *cells;
        bool is_key;
    } cases[] = {{"1|2|3", true}, {"1|2|1", false}, {"1||3", false}, {"1|NA|3", false}, {"a| a", false}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct file file = {0};
        read_file(&file, &cases[i].cells, 1, ',');
        assert_int_equal(column_guess_is_key(&file.columns[0]), cases[i].is_key);
        column_guess_fini(&file.columns[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_are_integers_unless_they_are_codes),
        cmocka_unit_test(numbers_are_read_as_the_file_writes_them),
        cmocka_unit_test(one_column_says_how_others_are_written),
        cmocka_unit_test(dates_have_the_format_that_all_of_them_fit),
        cmocka_unit_test(moments_have_a_date_and_a_time),
        cmocka_unit_test(booleans_are_pairs_of_words),
        cmocka_unit_test(signs_for_nothing_are_no_values),
        cmocka_unit_test(a_key_is_there_and_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
