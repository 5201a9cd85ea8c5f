// SPDX-License-Identifier: Apache-2.0
#include "text/sql_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"

static const char letters[] = {
    [SQL_END] = '.',
    [SQL_CODE] = 'w',
    [SQL_PARAMETER] = 'p',
    [SQL_SEMICOLON] = ';',
    [SQL_LINE_COMMENT] = '-',
    [SQL_BLOCK_COMMENT] = '*',
    [SQL_UNTERMINATED] = '!',
};

// Every token as kind, line:column and text, one a line.
static void scan_all(struct span text, enum sql_dialect dialect, struct buf *out)
{
    struct sql_scan scan;
    struct sql_token token;
    sql_scan_init(&scan, text, dialect);
    do {
        token = sql_scan_next(&scan);
        buf_printf(out, "%c%u:%u", letters[token.kind], (unsigned)token.line, (unsigned)token.column);
        if (token.text.len > 0)
            buf_printf(out, " %.*s", (int)token.text.len, token.text.at);
        buf_append_byte(out, '\n');
    } while (token.kind != SQL_END && token.kind != SQL_UNTERMINATED);
    assert_int_equal(buf_append_byte(out, '\0'), ERR_NONE);
}

static void expect_tokens_of(enum sql_dialect dialect, const char *text, const char *tokens)
{
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 65536);
    scan_all(span_of(text), dialect, &out);
    assert_string_equal(out.data, tokens);
}

// In both dialects.
static void expect_tokens(const char *text, const char *tokens)
{
    expect_tokens_of(SQL_SQLITE, text, tokens);
    expect_tokens_of(SQL_POSTGRESQL, text, tokens);
}

static void expect_sqlite(const char *text, const char *tokens)
{
    expect_tokens_of(SQL_SQLITE, text, tokens);
}

static void expect_postgresql(const char *text, const char *tokens)
{
    expect_tokens_of(SQL_POSTGRESQL, text, tokens);
}

static void empty_text_is_the_end(void **state)
{
    (void)state;
    expect_tokens("", ".1:1\n");
    expect_tokens(" \n\t", ".2:2\n");
    struct sql_scan scan;
    sql_scan_init(&scan, (struct span){0}, SQL_SQLITE);
    assert_int_equal(sql_scan_next(&scan).kind, SQL_END);
    assert_int_equal(sql_scan_next(&scan).kind, SQL_END);
}

static void a_statement_ends_at_its_semicolon(void **state)
{
    (void)state;
    expect_tokens("SELECT 1;\r\nSELECT b", "w1:1 SELECT\nw1:8 1\n;1:9 ;\nw2:1 SELECT\nw2:8 b\n.2:9\n");
}

static void semicolons_in_quotes_do_not_count(void **state)
{
    (void)state;
    expect_tokens("'a;''b'", "w1:1 'a;''b'\n.1:8\n");
    expect_tokens("\"a;\"\"b\"", "w1:1 \"a;\"\"b\"\n.1:8\n");
    expect_sqlite("`a;``b`", "w1:1 `a;``b`\n.1:8\n");
    expect_sqlite("[a;b] c", "w1:1 [a;b]\nw1:7 c\n.1:8\n");
    expect_tokens("'a\n;' x", "w1:1 'a\n;'\nw2:4 x\n.2:5\n");
}

static void a_backslash_escapes_in_an_e_string_alone(void **state)
{
    (void)state;
    expect_postgresql("E'a\\';b' c", "w1:1 E'a\\';b'\nw1:10 c\n.1:11\n");
    expect_sqlite("E'a\\';", "w1:1 E\nw1:2 'a\\'\n;1:6 ;\n.1:7\n");
    expect_tokens("'a\\' c", "w1:1 'a\\'\nw1:6 c\n.1:7\n");
    expect_tokens("AE'a'", "w1:1 AE\nw1:3 'a'\n.1:6\n");
}

static void dollar_quotes_end_at_their_own_tag(void **state)
{
    (void)state;
    expect_postgresql("$$a;'$$ b", "w1:1 $$a;'$$\nw1:9 b\n.1:10\n");
    expect_postgresql("$x$ $y$ ; $x$;", "w1:1 $x$ $y$ ; $x$\n;1:14 ;\n.1:15\n");
    expect_tokens("$1$ ;", "w1:1 $\nw1:2 1$\n;1:5 ;\n.1:6\n");
    expect_tokens("a$b$c ;", "w1:1 a$b$c\n;1:7 ;\n.1:8\n");
    expect_tokens("$", "w1:1 $\n.1:2\n");
    expect_sqlite("$x$;", "w1:1 $\nw1:2 x$\n;1:4 ;\n.1:5\n");
}

static void comments_end_where_they_end(void **state)
{
    (void)state;
    expect_tokens("-- a;'\r\nb", "-1:1 -- a;'\nw2:1 b\n.2:2\n");
    expect_sqlite("/* /* ; ' */ b", "*1:1 /* /* ; ' */\nw1:14 b\n.1:15\n");
    expect_postgresql("/* /* */ ; /**/*/ b", "*1:1 /* /* */ ; /**/*/\nw1:19 b\n.1:20\n");
    expect_postgresql("/*/*/ */*/ b", "*1:1 /*/*/ */*/\nw1:12 b\n.1:13\n");
    expect_tokens(
        "a - /*\n*/ b / c --", "w1:1 a\nw1:3 -\n*1:5 /*\n*/\nw2:4 b\nw2:6 /\nw2:8 c\n-2:10 --\n.2:12\n");
    expect_tokens("/*/ */", "*1:1 /*/ */\n.1:7\n");
}

static void parameters_are_found_outside_of_quotes_and_comments(void **state)
{
    (void)state;
    expect_tokens("a=:b_1,(:c)", "w1:1 a\nw1:2 =\np1:3 :b_1\nw1:7 ,\nw1:8 (\np1:9 :c\nw1:11 )\n.1:12\n");
    expect_tokens("':a' \":b\" -- :d", "w1:1 ':a'\nw1:6 \":b\"\n-1:11 -- :d\n.1:16\n");
    expect_sqlite(":Name :1", "p1:1 :Name\np1:7 :1\n.1:9\n");
}

static void brackets_quote_names_in_sqlite_and_hold_expressions_in_postgresql(void **state)
{
    (void)state;
    expect_sqlite("[:c]", "w1:1 [:c]\n.1:5\n");
    expect_postgresql("[:c,'];']", "w1:1 [\np1:2 :c\nw1:4 ,\nw1:5 '];'\nw1:9 ]\n.1:10\n");
    expect_postgresql("x[1:2]", "w1:1 x\nw1:2 [\nw1:3 1\nw1:4 :\nw1:5 2\nw1:6 ]\n.1:7\n");
    expect_postgresql("[:n]", "w1:1 [\np1:2 :n\nw1:4 ]\n.1:5\n");
    expect_postgresql("`", "w1:1 `\n.1:2\n");
}

static void casts_and_lone_colons_are_no_parameters(void **state)
{
    (void)state;
    expect_tokens("a::text", "w1:1 a\nw1:2 ::\nw1:4 text\n.1:8\n");
    expect_tokens(":a::date", "p1:1 :a\nw1:3 ::\nw1:5 date\n.1:9\n");
    expect_tokens(": a :", "w1:1 :\nw1:3 a\nw1:5 :\n.1:6\n");
}

static void what_has_no_end_is_told_with_its_place(void **state)
{
    (void)state;
    expect_tokens("a\n 'b;", "w1:1 a\n!2:2 'b;\n");
    expect_tokens("'a''", "!1:1 'a''\n");
    expect_tokens("\"a", "!1:1 \"a\n");
    expect_sqlite("`", "!1:1 `\n");
    expect_sqlite("[a", "!1:1 [a\n");
    expect_tokens("/* a", "!1:1 /* a\n");
    expect_tokens("/*/", "!1:1 /*/\n");
    expect_postgresql("/*/**/", "!1:1 /*/**/\n");
    expect_postgresql("$$ $", "!1:1 $$ $\n");
    expect_postgresql("E'\\'", "!1:1 E'\\'\n");
}

static void nothing_comes_behind_what_has_no_end(void **state)
{
    (void)state;
    struct sql_scan scan;
    sql_scan_init(&scan, span_of("'a"), SQL_SQLITE);
    assert_int_equal(sql_scan_next(&scan).kind, SQL_UNTERMINATED);
    assert_int_equal(sql_scan_next(&scan).kind, SQL_END);
}

static void a_byte_order_mark_counts_in_no_column(void **state)
{
    (void)state;
    expect_tokens("\xef\xbb\xbf-- a", "-1:1 -- a\n.1:5\n");
}

static void columns_count_bytes(void **state)
{
    (void)state;
    expect_tokens("'\xc3\xa9' :a", "w1:1 '\xc3\xa9'\np1:6 :a\n.1:8\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_text_is_the_end),
        cmocka_unit_test(a_statement_ends_at_its_semicolon),
        cmocka_unit_test(semicolons_in_quotes_do_not_count),
        cmocka_unit_test(a_backslash_escapes_in_an_e_string_alone),
        cmocka_unit_test(dollar_quotes_end_at_their_own_tag),
        cmocka_unit_test(comments_end_where_they_end),
        cmocka_unit_test(parameters_are_found_outside_of_quotes_and_comments),
        cmocka_unit_test(brackets_quote_names_in_sqlite_and_hold_expressions_in_postgresql),
        cmocka_unit_test(casts_and_lone_colons_are_no_parameters),
        cmocka_unit_test(what_has_no_end_is_told_with_its_place),
        cmocka_unit_test(nothing_comes_behind_what_has_no_end),
        cmocka_unit_test(a_byte_order_mark_counts_in_no_column),
        cmocka_unit_test(columns_count_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
