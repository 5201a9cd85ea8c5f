// SPDX-License-Identifier: Apache-2.0
// What checks find, as a client is told of it.
#include "app/findings.h"

#include "base/mem.h"
#include "plan_fixture.h"

static const char SCHEMA[] = "CREATE TABLE t (id INTEGER PRIMARY KEY);";

static const char CHECKS[] =
    "-- @endpoint GET /t\n-- @param a integer name \"Alpha\"\n"
    "-- @reject 404 not there\nSELECT 'a' AS parameter, :a + 0.5 AS value WHERE :a < 10;\n"
    "-- @reject 409 in the way\nSELECT 2 AS line, 'other' AS field, 'x' AS value WHERE :a < 20\n"
    "UNION ALL SELECT 1, NULL, NULL WHERE :a < 20;\n"
    "-- @answer\nSELECT :a AS a;\n";

static int set_up(void **state)
{
    return fixture_set_up(state, SCHEMA);
}

static void expect_report(const struct report *report, const char *expected)
{
    AUTO(buf_fini) struct buf text;
    buf_init(&text, 10000);
    report_write(report, &text);
    assert_int_equal(buf_append_byte(&text, '\0'), ERR_NONE);
    assert_string_equal(text.data, expected);
}

static void findings_are_faults_under_the_names_that_clients_know(void **state)
{
    struct fixture *f = *state;
    AUTO(report_fini) struct report report = {0};
    struct value a = {.kind = VALUE_INTEGER, .integer = 5};
    struct err err = {0};
    plan_file(f, CHECKS);
    must_be_fine(findings_collect(f->plan, STATEMENT_REJECT, &a, false, &report, &err), &err);
    assert_int_equal(report.status, 404); // of the first that found something
    expect_report(&report,
        "[{\"parameter\":\"Alpha\",\"value\":\"5.5\",\"code\":\"not_there\",\"detail\":\"not there\"},"
        "{\"line\":1,\"code\":\"in_the_way\",\"detail\":\"in the way\"},"
        "{\"line\":2,\"field\":\"other\",\"value\":\"x\",\"code\":\"in_the_way\",\"detail\":\"in the way\"}]");
}

static void a_boolean_is_shown_as_it_was_sent(void **state)
{
    struct fixture *f = *state;
    AUTO(report_fini) struct report report = {0};
    struct value up = {.kind = VALUE_INTEGER, .integer = 1};
    struct err err = {0};
    run_script(f, "CREATE TABLE flags (down boolean); INSERT INTO flags VALUES (0);");
    plan_file(f, "-- @endpoint GET /t\n-- @param up boolean name \"Up\"\n"
                 "-- @reject 409 no\nSELECT 'up' AS parameter, :up AS value\n"
                 "UNION ALL SELECT 'up', 2;\n"
                 "-- @reject 409 neither\nSELECT down AS value FROM flags;\n"
                 "-- @answer\nSELECT 1 AS a;\n");
    must_be_fine(findings_collect(f->plan, STATEMENT_REJECT, &up, false, &report, &err), &err);
    expect_report(&report, "[{\"parameter\":\"Up\",\"value\":\"true\",\"code\":\"no\",\"detail\":\"no\"},"
                           "{\"parameter\":\"Up\",\"value\":\"2\",\"code\":\"no\",\"detail\":\"no\"},"
                           "{\"value\":\"false\",\"code\":\"neither\",\"detail\":\"neither\"}]");
}

static void the_first_check_that_finds_something_may_be_the_last(void **state)
{
    struct fixture *f = *state;
    AUTO(report_fini) struct report first = {0}, second = {0}, none = {0};
    struct value a = {.kind = VALUE_INTEGER, .integer = 5};
    struct err err = {0};
    plan_file(f, CHECKS);
    must_be_fine(findings_collect(f->plan, STATEMENT_REJECT, &a, true, &first, &err), &err);
    assert_int_equal(first.total, 1);
    a.integer = 15;
    must_be_fine(findings_collect(f->plan, STATEMENT_REJECT, &a, true, &second, &err), &err);
    assert_int_equal(second.total, 2);
    assert_int_equal(second.status, 409);
    a.integer = 25;
    must_be_fine(findings_collect(f->plan, STATEMENT_REJECT, &a, true, &none, &err), &err);
    expect_report(&none, "[]");
    assert_int_equal(none.status, 0);
}

static void a_finding_without_memory_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct value a = {.kind = VALUE_INTEGER, .integer = 5};
    enum err_code code = ERR_NO_MEMORY;
    int failures = 0;
    plan_file(f, CHECKS);
    for (long n = 0; code != ERR_NONE; n++) {
        AUTO(report_fini) struct report report = {0};
        struct err err = {0};
        mem_fail_after(n);
        code = findings_collect(f->plan, STATEMENT_REJECT, &a, false, &report, &err);
        mem_fail_after(-1);
        if (code == ERR_NONE) {
            assert_int_equal(report.total, 3);
            break;
        }
        assert_int_equal(code, ERR_NO_MEMORY);
        assert_string_equal(err.text, "out of memory");
        failures++;
    }
    assert_true(failures > 3);
}

int main(void)
{
#define FINDINGS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        FINDINGS_TEST(findings_are_faults_under_the_names_that_clients_know),
        FINDINGS_TEST(a_boolean_is_shown_as_it_was_sent),
        FINDINGS_TEST(the_first_check_that_finds_something_may_be_the_last),
        FINDINGS_TEST(a_finding_without_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
