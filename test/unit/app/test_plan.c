// SPDX-License-Identifier: Apache-2.0
// Endpoint files, parsed and run on a store in memory.
#include "app/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "plan_fixture.h"

static int set_up(void **state)
{
    return fixture_set_up(state, THREE_ROWS);
}

// --- several answers

static const char ANSWERS[] = "-- @endpoint GET /t\n-- @param radius number\n-- @column far boolean\n"
                              "-- @answer when :radius < 10\nSELECT 'small' AS plan, :radius AS r;\n"
                              "-- @answer 202 when :radius < 100 -- not so large\nSELECT 'middle' AS plan;\n"
                              "-- @answer\nSELECT 'large' AS plan, 1 AS far;\n";

static void the_first_answer_that_is_true_is_run(void **state)
{
    struct fixture *f = *state;
    struct value radius = {.kind = VALUE_REAL, .real = 5};
    plan_file(f, ANSWERS);
    expect_answer(f, &radius, "[{\"plan\":\"small\",\"r\":5.0}]");
    radius.real = 50;
    assert_int_equal(answer_as(f, FORMAT_JSON, &radius).status, 202);
    assert_string_equal(f->out.buf.data, "[{\"plan\":\"middle\"}]");
    radius.real = 500;
    expect_answer(f, &radius, "[{\"plan\":\"large\",\"far\":true}]");
    radius.kind = VALUE_NULL; // less than nothing
    expect_answer(f, &radius, "[{\"plan\":\"large\",\"far\":true}]");
}

static void a_condition_may_be_any_number(void **state)
{
    struct fixture *f = *state;
    plan_get(f,
        "-- @answer when 0.0\nSELECT 1 AS a;\n-- @answer when (SELECT count(*) FROM t)\nSELECT 2 AS a;\n"
        "-- @answer\nSELECT 3 AS a;");
    expect_answer(f, NULL, "[{\"a\":2}]");
    expect_answer_fails(f, "-- @answer when 'yes'\nSELECT 1 AS a;\n-- @answer\nSELECT 2 AS a;", ERR_STORE,
        "x.sql:2:17: the condition is a text, neither true nor false");
}

static void a_condition_that_is_wrong_is_reported_at_its_place(void **state)
{
    struct fixture *f = *state;
    expect_refused(f,
        "-- @endpoint GET /t\n-- @answer when 1 < nonsense\nSELECT 1 AS a;\n"
        "-- @answer when (1\nSELECT 1 AS a;\n-- @answer\nSELECT 2 AS a;\n",
        "x.sql:2:21: no such column: nonsense\n"
        "x.sql:4:17: incomplete input\n");
}

static void a_declared_column_has_to_be_in_one_of_the_answers(void **state)
{
    struct fixture *f = *state;
    expect_refused(f,
        "-- @endpoint GET /t\n-- @column b integer\n-- @column x integer\n"
        "-- @answer when 1\nSELECT 1 AS a;\n-- @answer\nSELECT 1 AS a, 2 AS b;\n",
        "x.sql:3:12: the answer has no column x; it has a, b\n");
}

// --- observing

struct observed {
    char text[1000]; // a line for each run
};

static void on_run(void *ctx, const struct statement_run *run)
{
    struct observed *observed = ctx;
    char line[200];
    assert_non_null(run->stmt);
    snprintf(line, sizeof(line), "%d %s line %u: %d rows, %d columns\n", (int)run->statement->kind,
        run->is_condition ? "condition" : "statement", (unsigned)run->statement->line, (int)run->rows,
        (int)store_column_count(run->stmt));
    strcat(observed->text, line);
}

static void each_run_of_a_statement_can_be_watched(void **state)
{
    struct fixture *f = *state;
    struct observed observed = {0};
    struct value radius = {.kind = VALUE_REAL, .real = 50};
    plan_file(f, ANSWERS);
    plan_observe(f->plan, on_run, &observed);
    (void)answer_as(f, FORMAT_JSON, &radius);
    assert_string_equal(observed.text, "3 condition line 5: 1 rows, 1 columns\n"
                                       "3 condition line 7: 1 rows, 1 columns\n"
                                       "3 statement line 7: 1 rows, 1 columns\n");
    plan_observe(f->plan, NULL, NULL);
    (void)answer_as(f, FORMAT_JSON, &radius);
    assert_int_equal(strlen(observed.text), 114);
}

// --- what does not prepare

static void every_wrong_statement_is_reported_at_its_place(void **state)
{
    struct fixture *f = *state;
    parse(f, "-- @endpoint GET /t\n\n-- @reject 400 bad\n  SELECT nonsense FROM t;\n"
             "-- @reject 404 worse\nSELECT 1\n  FROM nowhere;\n-- @answer\nSELECT id FROM t WHERE;\n");
    struct err err = {0};
    assert_int_equal(plan_new(&f->endpoint, f->conn, &f->diags, &f->plan, &err), ERR_CONFIG);
    assert_int_equal(f->diags.count, 3);
    assert_string_equal(f->diags.items[0].file, "x.sql");
    assert_int_equal(f->diags.items[0].line, 4);
    assert_int_equal(f->diags.items[0].column, 10);
    assert_non_null(strstr(f->diags.items[0].text, "nonsense"));
    assert_int_equal(f->diags.items[1].line, 7);
    assert_non_null(strstr(f->diags.items[1].text, "nowhere"));
    assert_int_equal(f->diags.items[2].line, 9);
}

static void a_read_cannot_write(void **state)
{
    expect_refused(*state,
        "-- @endpoint GET /t\n-- @reject 400 bad\nDELETE FROM t RETURNING id;\n-- @answer\nINSERT INTO t VALUES (9, 'x', 1) RETURNING id;\n",
        "x.sql:3:1: an endpoint that reads cannot write\nx.sql:5:1: an endpoint that reads cannot write\n");
}

static void only_write_statements_write_and_they_all_do(void **state)
{
    expect_refused(*state,
        "-- @endpoint POST /t\n-- @field id integer\n"
        "-- @reject 400 bad\nDELETE FROM t RETURNING id AS line;\n"
        "-- @warn odd\nDELETE FROM t RETURNING id AS line;\n"
        "-- @write\nSELECT * FROM batch;\n"
        "-- @answer\nDELETE FROM t RETURNING id;\n",
        "x.sql:4:1: a @reject cannot write; put what writes under @write\n"
        "x.sql:6:1: a @warn cannot write; put what writes under @write\n"
        "x.sql:8:1: this @write changes nothing; put what reads under @reject or @answer\n"
        "x.sql:10:1: an @answer cannot write; put what writes under @write\n");
}

static void a_check_of_rows_has_to_name_the_row(void **state)
{
    expect_refused(*state,
        "-- @endpoint POST /t\n-- @field id integer\n"
        "-- @reject 422 bad\nSELECT id FROM batch;\n"
        "-- @warn odd\nSELECT 'id' AS field FROM batch;\n"
        "-- @reject 422 fine\nSELECT 'x' AS parameter;\n"
        "-- @reject 422 fine\nSELECT line FROM batch;\n"
        "-- @write\nDELETE FROM t;\n-- @answer\nSELECT 1 AS x;\n",
        "x.sql:4:1: a check of rows needs the column line (or parameter): SELECT line, 'price' AS field, …\n"
        "x.sql:6:1: a check of rows needs the column line (or parameter): SELECT line, 'price' AS field, …\n");
}

static void columns_that_the_answer_does_not_have_are_reported(void **state)
{
    expect_refused(*state,
        "-- @endpoint GET /t\n-- @column nmae text\n-- @column id integer\n-- @column \"a b\" text\n-- @answer\nSELECT id, name FROM t;\n",
        "x.sql:2:12: the answer has no column nmae; it has id, name\n"
        "x.sql:4:12: the answer has no column a b; it has id, name\n");
}

static void two_columns_of_one_name_are_reported(void **state)
{
    expect_refused(*state, "-- @endpoint GET /t\n-- @answer\n\n  SELECT id, name, id FROM t;\n",
        "x.sql:4:3: the answer has two columns id; rename one by AS\n");
}

// --- memory

static void without_memory_planning_says_so_and_leaks_nothing(void **state)
{
    expect_memory_faults_of_planning(*state, CHECKED_WRITE, 2);
}

static void answering_without_memory_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct spool out;
    struct err err = {0};
    struct answered answered;
    plan_file(f, "-- @endpoint GET /t\n-- @answer\nSELECT id FROM t;\n");
    spool_init(&out, NULL, OUT_BYTES);
    mem_fail_after(0);
    enum err_code code = plan_answer(f->plan, NULL, FORMAT_JSON, &out, &answered, &err);
    mem_fail_after(-1);
    assert_int_equal(code, ERR_NO_MEMORY);
    assert_string_equal(err.text, "out of memory");
    spool_fini(&out);
}

int main(void)
{
#define PLAN_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        PLAN_TEST(the_first_answer_that_is_true_is_run),
        PLAN_TEST(a_condition_may_be_any_number),
        PLAN_TEST(a_condition_that_is_wrong_is_reported_at_its_place),
        PLAN_TEST(a_declared_column_has_to_be_in_one_of_the_answers),
        PLAN_TEST(each_run_of_a_statement_can_be_watched),
        PLAN_TEST(every_wrong_statement_is_reported_at_its_place),
        PLAN_TEST(a_read_cannot_write),
        PLAN_TEST(only_write_statements_write_and_they_all_do),
        PLAN_TEST(a_check_of_rows_has_to_name_the_row),
        PLAN_TEST(columns_that_the_answer_does_not_have_are_reported),
        PLAN_TEST(two_columns_of_one_name_are_reported),
        PLAN_TEST(without_memory_planning_says_so_and_leaks_nothing),
        PLAN_TEST(answering_without_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
