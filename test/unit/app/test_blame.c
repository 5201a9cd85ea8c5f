// SPDX-License-Identifier: Apache-2.0
// Which parameter a statement failed at, and when none is to blame.
#include "app/blame.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "plan_fixture.h"

static const char SCHEMA[] = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n"
                             "INSERT INTO t VALUES (1, 'one'), (2, '{secret'), (3, 'three');\n"
                             "CREATE VIRTUAL TABLE words USING fts5(word);\n";

static int set_up(void **state)
{
    return fixture_set_up(state, SCHEMA);
}

static struct value text(const char *value)
{
    return (struct value){.kind = VALUE_TEXT, .text = span_of(value)};
}

static struct value integer(int64_t value)
{
    return (struct value){.kind = VALUE_INTEGER, .integer = value};
}

// As plan_get, but the parameters' names live on.
static void plan_lines(struct fixture *f, const char *lines)
{
    static char file[1000];
    snprintf(file, sizeof(file), "-- @endpoint GET /t\n%s", lines);
    plan_file(f, file);
}

// Answers a GET of these lines, which fails; what is reported in the end, as the code of the error, its text
// and the parameters.
static void expect_blame(struct fixture *f, const char *lines, const struct value *params, enum err_code code,
    const char *expected)
{
    AUTO(report_fini) struct report report = {0};
    struct answered answered;
    struct err err = {0};
    char told[1000];
    uint64_t end_ns = clock_monotonic_ns() + 10000 * NS_PER_MS;
    plan_lines(f, lines);
    spool_reset(&f->out);
    assert_int_not_equal(plan_answer(f->plan, params, FORMAT_JSON, &f->out, &answered, &err), ERR_NONE);
    spool_reset(&f->out);
    assert_int_equal(blame_params(f->plan, params, end_ns, &f->out, &report, &err), code);
    assert_int_equal(err.code, code);
    snprintf(told, sizeof(told), "%s", err.text);
    for (size_t i = 0; i < report.kept_count; i++) {
        const struct fault *fault = report_fault(&report, i);
        assert_true(span_is(fault->code, BLAME_CODE));
        assert_true(span_is(fault->detail, err.text));
        snprintf(told + strlen(told), sizeof(told) - strlen(told), "; %.*s=%.*s", SHOW(fault->parameter),
            SHOW(fault->value));
    }
    assert_string_equal(told, expected);
}

static void the_parameter_whose_change_helps_is_named(void **state)
{
    struct fixture *f = *state;
    const struct value search[] = {text("C++"), integer(5)};
    expect_blame(f,
        "-- @param q text name \"Search\"\n-- @param n integer\n-- @answer\n"
        "SELECT word FROM words WHERE words MATCH :q LIMIT :n;\n",
        search, ERR_VALUE, "fts5: syntax error near \"+\"; Search=C++");
    const struct value sum[] = {integer(1), integer(INT64_MIN)};
    expect_blame(f, "-- @param a integer\n-- @param b integer\n-- @answer\nSELECT :a + abs(:b) AS x;\n", sum,
        ERR_VALUE, "integer overflow; b=-9223372036854775808");
    const struct value json[] = {text("a"), text("x"), text("1")};
    expect_blame(f,
        "-- @param before text\n-- @param j text\n-- @param behind text\n-- @answer\n"
        "SELECT :before AS b, json(:j) AS j, :behind AS c;\n",
        json, ERR_VALUE, "malformed JSON; j=x");
}

// FTS5 finds a null as bad as a bracket, and says so in the same words.
static void a_null_that_fails_likewise_does_not_excuse_the_request(void **state)
{
    struct value search = text("(");
    expect_blame(*state, "-- @param q text\n-- @answer\nSELECT word FROM words WHERE words MATCH :q;\n",
        &search, ERR_VALUE, "fts5: syntax error near \"\"; q=(");
}

static void a_condition_and_a_page_are_tried_likewise(void **state)
{
    struct fixture *f = *state;
    const struct value json = text("x");
    expect_blame(f,
        "-- @param j text\n-- @answer when json(:j) = '1'\nSELECT 1 AS x;\n-- @answer\nSELECT 2 AS x;\n",
        &json, ERR_VALUE, "malformed JSON; j=x");
    const struct value page[] = {text("x"), integer(2), {.kind = VALUE_NULL}};
    expect_blame(f,
        "-- @param j text\n-- @page 2 max 10\n-- @answer\n"
        "SELECT id FROM t WHERE json(:j) IS NOT 1 ORDER BY id;\n",
        page, ERR_VALUE, "malformed JSON; j=x");
}

static void what_no_parameter_explains_is_the_apps_own(void **state)
{
    struct fixture *f = *state;
    const struct value a = integer(5);
    expect_blame(f, "-- @param a integer\n-- @answer\nSELECT abs(-9223372036854775808) AS x, :a AS a;\n", &a,
        ERR_STORE, "x.sql:4:1: integer overflow");
    expect_blame(f, "-- @answer\nSELECT abs(-9223372036854775808) AS x;\n", NULL, ERR_STORE,
        "x.sql:3:1: integer overflow");
    const struct value none = {.kind = VALUE_NULL};
    expect_blame(f, "-- @param a integer\n-- @answer\nSELECT json(coalesce(:a, 'x')) AS x;\n", &none,
        ERR_STORE, "x.sql:4:1: malformed JSON");
}

static void without_time_to_look_it_is_the_requests(void **state)
{
    struct fixture *f = *state;
    AUTO(report_fini) struct report report = {0};
    struct answered answered;
    struct err err = {0};
    const struct value j = text("x");
    plan_lines(f, "-- @param j text\n-- @answer\nSELECT json(:j) AS j;\n");
    spool_reset(&f->out);
    assert_int_equal(plan_answer(f->plan, &j, FORMAT_JSON, &f->out, &answered, &err), ERR_VALUE);
    assert_int_equal(blame_params(f->plan, &j, 1, &f->out, &report, &err), ERR_VALUE);
    assert_int_equal(report.total, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_parameter_whose_change_helps_is_named),
        TEST(a_null_that_fails_likewise_does_not_excuse_the_request),
        TEST(a_condition_and_a_page_are_tried_likewise),
        TEST(what_no_parameter_explains_is_the_apps_own),
        TEST(without_time_to_look_it_is_the_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
