// SPDX-License-Identifier: Apache-2.0
#include "text/csv_sep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"

static char sep_of(struct span text)
{
    size_t bytes;
    bool is_undecided;
    return csv_sep(text, &bytes, &is_undecided);
}

static void the_line_tells_the_delimiter(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        char delimiter;
        size_t bytes;
    } cases[] = {
        {"sep=;\na;b\n", ';', 5},
        {"SEP=|\r\n", '|', 5},
        {"sep=\t\ra", '\t', 5},
        {"\"sep=;\"\r\na;b", ';', 7},
        {"\"Sep=,\"\r", ',', 7},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t bytes = 0;
        bool is_undecided = true;
        assert_int_equal(csv_sep(span_of(cases[i].text), &bytes, &is_undecided), cases[i].delimiter);
        assert_int_equal(bytes, cases[i].bytes);
        assert_false(is_undecided);
    }
}

static void other_lines_are_rows(void **state)
{
    (void)state;
    static const char *const cases[] = {"sep;b\n", "sep=,b\n", "sep=;x\n", "sep=\n\n", "sep=\r\n", "sep=\"\n",
        "\"sep=;\nx", "\"sep=;x\n", "\"sep=\"\"\n", "\"sep=;\"x\n", "'sep=;'\n", " sep=;\n", "a;b\n1;2\n"};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(sep_of(span_of(cases[i])), '\0');
    assert_int_equal(sep_of((struct span){.at = "sep=;\0", .len = 6}), '\0');
}

static void what_may_become_the_line_is_undecided(void **state)
{
    (void)state;
    static const char *const lines[] = {"sep=;\n", "\"sep=;\"\n"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        for (size_t len = 0; len < strlen(lines[i]); len++) {
            size_t bytes;
            bool is_undecided = false;
            struct span part = {.at = lines[i], .len = len};
            assert_int_equal(csv_sep(part, &bytes, &is_undecided), '\0');
            assert_true(is_undecided);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_tells_the_delimiter),
        cmocka_unit_test(other_lines_are_rows),
        cmocka_unit_test(what_may_become_the_line_is_undecided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
