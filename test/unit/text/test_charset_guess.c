// SPDX-License-Identifier: Apache-2.0
#include "text/charset_guess.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

// The bytes in pieces of every length: the guess is the same.
static const char *guess(const char *bytes, size_t len, bool is_whole)
{
    const char *first = NULL;
    for (size_t step = 1; step <= len; step++) {
        struct charset_guess state = {0};
        for (size_t i = 0; i < len; i += step) {
            struct span piece = {.at = bytes + i, .len = len - i < step ? len - i : step};
            charset_guess_feed(&state, piece);
        }
        const char *name = charset_guess_name(&state, is_whole);
        if (step > 1 && name == NULL)
            assert_null(first);
        else if (step > 1)
            assert_string_equal(name, first);
        first = name;
    }
    return first;
}

#define GUESS(literal) guess(literal, sizeof(literal) - 1, true)

static void text_in_utf_8_is_that(void **state)
{
    (void)state;
    assert_string_equal(GUESS("a,b\n1,2\n"), "UTF-8");
    assert_string_equal(GUESS("Stra\xC3\x9F"
                              "e;\xE2\x82\xAC\n"),
        "UTF-8");
    assert_string_equal(GUESS("\xEF\xBB\xBF"
                              "a\n"),
        "UTF-8");
    assert_string_equal(guess("caf\xC3", 4, false), "UTF-8"); // a start may be cut
    assert_string_equal(guess("caf\xC3", 4, true), "windows-1252");
}

static void text_in_utf_16_has_a_mark_or_zeros(void **state)
{
    (void)state;
    assert_string_equal(GUESS("\xFF\xFE"
                              "a\0\t\0b\0\r\0\n\0"),
        "UTF-16");
    assert_string_equal(GUESS("\xFE\xFF\0a\0\t\0b\0\n"), "UTF-16");
    assert_string_equal(GUESS("\xFF\xFE\0\0a\0\0\0"), "UTF-32");
    assert_string_equal(GUESS("\0\0\xFE\xFF\0\0\0a"), "UTF-32");
    assert_string_equal(GUESS("a\0\t\0b\0\n\0"), "UTF-16LE");
    assert_string_equal(GUESS("\0a\0\t\0b\0\n"), "UTF-16BE");
}

static void other_text_is_what_spreadsheets_write(void **state)
{
    (void)state;
    assert_string_equal(GUESS("Stra\xDF"
                              "e;Gr\xF6\xDF"
                              "e\n"),
        "windows-1252");
    assert_string_equal(GUESS("Preis in \x80;\x84quoted\x93;Gr\xF6\n"), "windows-1252");
    assert_string_equal(GUESS("Prix en \xA4;\xE9t\xE9\n"), "ISO-8859-15");
    assert_string_equal(GUESS("Gr\x94\xE1"
                              "e;M\x81ller;B\x84r\n"),
        "CP850");
    assert_string_equal(GUESS("caf\xE9 \x9D\n"), "ISO-8859-1"); // windows-1252 lacks it
    // An overlong form and a surrogate are no UTF-8.
    assert_string_equal(GUESS("\xC0\xAF\n"), "windows-1252");
    assert_string_equal(GUESS("\xED\xA0\x80\n"), "windows-1252");
}

static void what_is_no_text_has_no_encoding(void **state)
{
    (void)state;
    assert_null(GUESS("PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0"));
    assert_null(GUESS("\x01\x02\x03\x04"));
    assert_string_equal(GUESS("a;b\r\n1;2\r\n\x1A"), "UTF-8"); // DOS's end of a file
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_in_utf_8_is_that),
        cmocka_unit_test(text_in_utf_16_has_a_mark_or_zeros),
        cmocka_unit_test(other_text_is_what_spreadsheets_write),
        cmocka_unit_test(what_is_no_text_has_no_encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
