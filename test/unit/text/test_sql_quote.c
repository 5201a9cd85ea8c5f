// SPDX-License-Identifier: Apache-2.0
#include "text/sql_quote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void assert_quoted(
    void (*append)(struct buf *sql, struct span text), const char *text, const char *expected)
{
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 100);
    append(&out, span_of(text));
    buf_append_byte(&out, '\0');
    assert_string_equal(out.data, expected);
}

static void a_name_stands_between_double_quotes(void **state)
{
    (void)state;
    assert_quoted(sql_append_name, "day", "\"day\"");
    assert_quoted(sql_append_name, "", "\"\"");
    assert_quoted(sql_append_name, "it's", "\"it's\"");
    assert_quoted(sql_append_name, "a\"b\"", "\"a\"\"b\"\"\"");
}

static void a_text_stands_between_single_quotes(void **state)
{
    (void)state;
    assert_quoted(sql_append_literal, "day", "'day'");
    assert_quoted(sql_append_literal, "", "''");
    assert_quoted(sql_append_literal, "it's \"so\"", "'it''s \"so\"'");
    assert_quoted(sql_append_literal, "a\\'", "'a\\'''");
}

static void the_quotes_of_a_name_are_found_and_taken_off(void **state)
{
    (void)state;
    static const struct {
        const char *name, *unquoted;
        char closing;
    } cases[] = {
        {"\"day\"", "day", '"'},
        {"`day`", "day", '`'},
        {"[day]", "day", ']'},
        {"\"a\"\"b\"", "a\"\"b", '"'},
        {"\"\"", "", '"'},
        {"day", "day", '\0'},
        {"'day'", "'day'", '\0'},
        {"[", "[", '\0'},
        {"", "", '\0'},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(sql_closing_quote(span_of(cases[i].name)), cases[i].closing);
        assert_true(span_is(sql_unquoted(span_of(cases[i].name)), cases[i].unquoted));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_stands_between_double_quotes),
        cmocka_unit_test(a_text_stands_between_single_quotes),
        cmocka_unit_test(the_quotes_of_a_name_are_found_and_taken_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
