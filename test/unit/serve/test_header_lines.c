// SPDX-License-Identifier: Apache-2.0
#include "serve/header_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"

static void no_line_is_no_text(void **state)
{
    (void)state;
    char text[1];
    struct header_lines lines;
    header_lines_init(&lines, text, sizeof(text));
    assert_null(header_lines_text(&lines));
    header_lines_add(&lines, NULL, 0);
    assert_null(header_lines_text(&lines));
}

static void lines_may_take_all_of_their_room(void **state)
{
    (void)state;
    char text[16];
    struct header_lines lines;
    header_lines_init(&lines, text, sizeof(text));
    HEADER_LINES_ADD(&lines, "Age: ");
    header_lines_add_number(&lines, 12345678);
    HEADER_LINES_ADD(&lines, "\r\n");
    assert_string_equal(header_lines_text(&lines), "Age: 12345678\r\n");
}

static void numbers_have_all_their_digits(void **state)
{
    (void)state;
    static const struct {
        uint64_t number;
        const char *text;
    } cases[] = {
        {0, "0"}, {9, "9"}, {10, "10"}, {99, "99"}, {100, "100"}, {UINT64_MAX, "18446744073709551615"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[32];
        struct header_lines lines;
        header_lines_init(&lines, text, sizeof(text));
        header_lines_add_number(&lines, cases[i].number);
        assert_string_equal(header_lines_text(&lines), cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_line_is_no_text),
        cmocka_unit_test(lines_may_take_all_of_their_room),
        cmocka_unit_test(numbers_have_all_their_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
