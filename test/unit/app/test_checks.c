// SPDX-License-Identifier: Apache-2.0
// What the checks of an endpoint find, and what is written then, on a store in memory.
#include "app/checks.h"

#include <stdio.h>
#include <string.h>

#include "plan_fixture.h"

static const char SCHEMA[] =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL);\n"
    "INSERT INTO t VALUES (1, 'one', 1.5), (2, 'two \"2\"', 2), (3, 'three', NULL);\n";

static int set_up(void **state)
{
    return fixture_set_up(state, SCHEMA);
}

// --- findings and writes

struct found {
    char text[1000]; // one line a finding
    int left;        // findings to take before on_finding says stop
};

static bool on_finding(void *ctx, const struct finding *finding)
{
    struct found *found = ctx;
    char line[200];
    snprintf(line, sizeof(line), "%d %.*s line %lld field %.*s parameter %.*s value kind %d\n",
        finding->statement->status, (int)finding->statement->code.len, finding->statement->code.at,
        (long long)finding->line, (int)finding->field.len, finding->field.at != NULL ? finding->field.at : "",
        (int)finding->parameter.len, finding->parameter.at != NULL ? finding->parameter.at : "",
        (int)finding->value.kind);
    strcat(found->text, line);
    return --found->left > 0;
}

static void expect_found(struct fixture *f, enum statement_kind kind, const struct value *params, bool first,
    int left, const char *expected)
{
    struct found found = {.left = left};
    struct err err = {0};
    must_be_fine(plan_find(f->plan, kind, CHECKS_ALL, params, first, on_finding, &found, &err), &err);
    assert_string_equal(found.text, expected);
}

static const char CHECKS[] =
    "-- @endpoint GET /t\n-- @param a integer\n"
    "-- @reject 400 too small\nSELECT 'a' AS parameter, :a AS value WHERE :a < 10;\n"
    "-- @reject 404 too odd\nSELECT 7 AS line, 'f' AS field, 'x' AS value WHERE :a % 2 = 1\n"
    "UNION ALL SELECT NULL, NULL, NULL WHERE :a % 2 = 1;\n"
    "-- @answer\nSELECT :a AS a;\n";

static void rejects_report_their_rows(void **state)
{
    struct fixture *f = *state;
    struct value a = {.kind = VALUE_INTEGER, .integer = 5};
    plan_file(f, CHECKS);
    static const char small[] = "400 too_small line 0 field  parameter a value kind 1\n";
    static const char all[] = "400 too_small line 0 field  parameter a value kind 1\n"
                              "404 too_odd line 7 field f parameter  value kind 3\n"
                              "404 too_odd line 0 field  parameter  value kind 0\n";
    expect_found(f, STATEMENT_REJECT, &a, false, 100, all);
    expect_found(f, STATEMENT_REJECT, &a, true, 100, small);
    expect_found(f, STATEMENT_REJECT, &a, false, 1, small);
    expect_found(f, STATEMENT_WARN, &a, false, 100, "");
    a.integer = 11;
    expect_found(f, STATEMENT_REJECT, &a, true, 100,
        "404 too_odd line 7 field f parameter  value kind 3\n"
        "404 too_odd line 0 field  parameter  value kind 0\n");
    a.integer = 12;
    expect_found(f, STATEMENT_REJECT, &a, false, 100, "");
}

static void a_line_that_is_no_integer_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct found found = {.left = 100};
    struct err err = {0};
    plan_file(
        f, "-- @endpoint GET /t\n-- @reject 400 bad row\nSELECT 'x' AS line;\n-- @answer\nSELECT 1 AS a;\n");
    assert_int_equal(
        plan_find(f->plan, STATEMENT_REJECT, CHECKS_ALL, NULL, false, on_finding, &found, &err), ERR_STORE);
    assert_string_equal(err.text, "x.sql:3:1: column line of \"bad row\" has to be an integer");
    assert_string_equal(found.text, "");
}

static void add_row(struct fixture *f, int64_t id, const char *name, int64_t line)
{
    struct err err = {0};
    struct value values[] = {
        {.kind = VALUE_INTEGER, .integer = id}, {.kind = VALUE_TEXT, .text = span_of(name)}};
    must_be_fine(store_batch_add(f->conn, values, line, &err), &err);
}

static void a_batch_is_checked_and_written(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct value price = {.kind = VALUE_REAL, .real = 9.5};
    plan_file(f, CHECKED_WRITE);
    must_be_fine(store_begin(f->conn, &err), &err);
    must_be_fine(store_batch_open(f->conn, f->endpoint.field_names, f->endpoint.field_count, &err), &err);
    add_row(f, 2, "two", 1);
    add_row(f, 4, "", 3);
    expect_found(f, STATEMENT_REJECT, &price, false, 100,
        "422 empty_name line 3 field name parameter  value kind 3\n");
    expect_found(
        f, STATEMENT_WARN, &price, false, 100, "0 id_exists line 1 field id parameter  value kind 1\n");
    must_be_fine(plan_write(f->plan, &price, &err), &err);
    expect_answer(f, &price, "[{\"rows\":2}]");
    must_be_fine(store_commit(f->conn, &err), &err);
    plan_file(f, "-- @endpoint GET /t\n-- @answer\nSELECT id, price FROM t ORDER BY id;\n");
    expect_answer(f, NULL,
        "[{\"id\":1,\"price\":1.5},{\"id\":2,\"price\":9.5},{\"id\":3,\"price\":null},{\"id\":4,\"price\":9.5}]");
}

static void a_write_that_breaks_a_constraint_fails(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    plan_file(f,
        "-- @endpoint POST /t\n-- @field id integer\n-- @write\nINSERT INTO t VALUES (1, 'again', 0);\n"
        "-- @answer\nSELECT 1 AS a;\n");
    must_be_fine(store_begin(f->conn, &err), &err);
    assert_int_equal(plan_write(f->plan, NULL, &err), ERR_CONFLICT);
    store_rollback(f->conn);
}

int main(void)
{
#define PLAN_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        PLAN_TEST(rejects_report_their_rows),
        PLAN_TEST(a_line_that_is_no_integer_is_an_error),
        PLAN_TEST(a_batch_is_checked_and_written),
        PLAN_TEST(a_write_that_breaks_a_constraint_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
