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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_stands_between_double_quotes),
        cmocka_unit_test(a_text_stands_between_single_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
