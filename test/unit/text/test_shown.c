// SPDX-License-Identifier: Apache-2.0
// Bytes as text (text/shown.h).
#include "text/shown.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void expect(struct span bytes, size_t room, const char *wanted)
{
    char out[64];
    size_t len = shown_write(bytes, out, room);
    assert_string_equal(out, wanted);
    assert_int_equal(len, strlen(wanted));
}

static void text_is_shown_as_it_is_and_all_else_in_digits(void **state)
{
    (void)state;
    expect(span_of(""), 64, "");
    expect(span_of("prices 2026.csv"), 64, "prices 2026.csv");
    expect(span_of("Zürich €😀.csv"), 64, "Zürich €😀.csv");
    expect(span_of("a\nb\x1b\x7f"), 64, "a\\x0ab\\x1b\\x7f");
    expect((struct span){.at = "a\0b", .len = 3}, 64, "a\\x00b");
    expect(span_of("\xff\xc3(\xe2\x82"), 64, "\\xff\\xc3(\\xe2\\x82");
    expect(span_of("\xc2\x9b[2J"), 64, "\\xc2\\x9b[2J"); // CSI, by which a terminal can be told things
}

static void what_does_not_fit_is_left_out_by_whole_characters(void **state)
{
    (void)state;
    expect(span_of("abcdef"), 4, "abc");
    expect(span_of("ab€"), 5, "ab");
    expect(span_of("a\n"), 5, "a");
    expect(span_of("abc"), 1, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_shown_as_it_is_and_all_else_in_digits),
        cmocka_unit_test(what_does_not_fit_is_left_out_by_whole_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
