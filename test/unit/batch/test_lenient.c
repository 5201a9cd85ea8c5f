// SPDX-License-Identifier: Apache-2.0
// A batch whose bad rows are left out, on a real store.
#include "batch/lenient.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "batch/run.h"
#include "fixture.h"

enum { OUT_BYTES = 1 << 20, NO_ROW = -1 }; // NO_ROW: an id of a line without a row

static const char SCHEMA[] = "CREATE TABLE t (id INTEGER PRIMARY KEY, before INTEGER);\n"
                             "INSERT INTO t VALUES (1, NULL);\n";

#define FIELDS "-- @endpoint POST /t\n-- @lenient\n-- @field id integer required\n-- @field before integer\n"
// A row whose `before` is in neither the table nor the batch is bad, and so are those that hang on it then.
static const char POST_T[] = FIELDS
    "-- @shape value\n"
    "-- @reject 409 is there\nSELECT line, 'id' AS field, id AS value FROM batch WHERE id IN (SELECT id FROM t);\n"
    "-- @reject 422 nothing before\nSELECT line, 'before' AS field, before AS value FROM batch WHERE before NOT IN\n"
    "(SELECT id FROM t UNION ALL SELECT id FROM batch);\n"
    "-- @reject 422 too many\nSELECT NULL AS line, count(*) AS value FROM batch HAVING count(*) > 50;\n"
    "-- @reject 422 elsewhere\nSELECT line + 1000 AS line FROM batch WHERE id = 666;\n"
    "-- @write\nINSERT INTO t SELECT id, before FROM batch;\n"
    "-- @answer 201\nSELECT group_concat(line) AS lines FROM (SELECT line FROM batch ORDER BY line);\n";

// One run, and what it left.
struct run {
    struct plan *plan;
    struct rows rows;
    struct report report;
    struct report warnings;
    struct spool answer;
    struct answered answered;
    struct err err;
};

static void run_fini(struct run *run)
{
    plan_free(run->plan);
    rows_fini(&run->rows);
    report_fini(&run->report);
    report_fini(&run->warnings);
    spool_fini(&run->answer);
}

static struct batch_run statements_of(struct run *run)
{
    return (struct batch_run){.plan = run->plan,
        .format = FORMAT_JSON,
        .report = &run->report,
        .warnings = &run->warnings,
        .errors = &run->report,
        .answer = &run->answer,
        .answered = &run->answered};
}

// Runs a batch of rows {id, before}, a `before` of 0 being null, in a transaction, which is committed when it
// went well.
static enum err_code run_batch(struct fixture *f, struct run *run, const int64_t (*table)[2], size_t count)
{
    struct diags diags;
    const struct endpoint *endpoint = post(f->app, "/t");
    diags_init(&diags);
    *run = (struct run){0};
    spool_init(&run->answer, NULL, OUT_BYTES);
    enum err_code code = plan_new(endpoint, f->conn, &diags, &run->plan, &run->err);
    diags_print(&diags, stderr);
    diags_fini(&diags);
    must_be_fine(code, &run->err);
    must_be_fine(store_begin(f->conn, &run->err), &run->err);
    must_be_fine(store_batch_open(f->conn, endpoint->field_names, 2, &run->err), &run->err);
    rows_init(&run->rows, 2, NULL);
    for (size_t i = 0; i < count; i++) {
        if (table[i][0] == NO_ROW)
            continue;
        struct value values[] = {{.kind = VALUE_INTEGER, .integer = table[i][0]},
            {.kind = table[i][1] != 0 ? VALUE_INTEGER : VALUE_NULL, .integer = table[i][1]}};
        assert_int_equal(rows_add(&run->rows, (int64_t)i + 1, values, NULL), ERR_NONE);
    }
    must_be_fine(batch_insert(f->conn, &run->rows, &run->err), &run->err);
    const struct batch_run statements = statements_of(run);
    code = lenient_check(&statements, &run->rows, &run->err);
    if (code == ERR_NONE)
        code = batch_write(&statements, &run->err);
    if (code == ERR_NONE)
        must_be_fine(store_commit(f->conn, &run->err), &run->err);
    else
        store_rollback(f->conn);
    return code;
}

static void assert_answer(const struct run *run, const char *expected)
{
    assert_int_equal(run->answered.status, 201);
    assert_int_equal(run->answer.buf.len, strlen(expected));
    assert_memory_equal(run->answer.buf.data, expected, strlen(expected));
}

static void set_app(struct fixture *f, const char *text)
{
    write_text(f, "post_t.sql", text);
    f->app = load_app(f);
    run_script(f->conn, SCHEMA);
}

static void good_rows_go_in_and_errors_stand_beside_the_answer(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    set_app(f, POST_T);
    const int64_t rows[][2] = {{2, 0}, {1, 0}, {3, 2}};
    must_be_fine(run_batch(f, &run, rows, 3), &run.err);
    assert_answer(&run,
        "{\"answer\":\"1,3\",\"errors\":[{\"line\":2,\"field\":\"id\",\"value\":\"1\",\"code\":\"is_there\","
        "\"detail\":\"is there\"}],\"errors_total\":1}");
    assert_int_equal(run.rows.count, 2);
    assert_int_equal(committed(f, "SELECT sum(id) FROM t"), 6);
}

static void without_errors_the_answer_has_the_same_form(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    set_app(f, POST_T);
    const int64_t rows[][2] = {{2, 0}};
    must_be_fine(run_batch(f, &run, rows, 1), &run.err);
    assert_answer(&run, "{\"answer\":\"1\",\"errors\":[],\"errors_total\":0}");
}

static void rejects_run_again_over_what_is_left(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    set_app(f, POST_T);
    const int64_t rows[][2] = {{7, 6}, {6, 5}, {5, 4}, {8, 1}};
    must_be_fine(run_batch(f, &run, rows, 4), &run.err);
    assert_int_equal(run.report.total, 3);
    assert_int_equal(run.rows.count, 1);
    assert_report(&run.report,
        "[{\"line\":1,\"field\":\"before\",\"value\":\"6\",\"code\":\"nothing_before\",\"detail\":\"nothing before\"},"
        "{\"line\":2,\"field\":\"before\",\"value\":\"5\",\"code\":\"nothing_before\",\"detail\":\"nothing before\"},"
        "{\"line\":3,\"field\":\"before\",\"value\":\"4\",\"code\":\"nothing_before\",\"detail\":\"nothing before\"}]");
    assert_int_equal(committed(f, "SELECT sum(id) FROM t"), 9);
}

static void they_do_not_do_so_without_end(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    int64_t rows[LIMIT_LENIENT_ROUNDS + 2][2];
    set_app(f, POST_T);
    for (int64_t i = 0; i < (int64_t)ARRAY_LEN(rows); i++) {
        rows[i][0] = 100 + i;
        rows[i][1] = 99 + i;
    }
    assert_int_equal(run_batch(f, &run, (const int64_t(*)[2])rows, ARRAY_LEN(rows)), ERR_INVALID);
    assert_string_equal(run.err.text,
        "errors in the batch: 16, and leaving rows out led to further ones time and "
        "again; nothing of it was written");
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 1);
}

static void as_many_rounds_as_there_may_be_are_done(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    int64_t rows[LIMIT_LENIENT_ROUNDS][2];
    set_app(f, POST_T);
    for (int64_t i = 0; i < (int64_t)ARRAY_LEN(rows); i++) {
        rows[i][0] = 100 + i;
        rows[i][1] = 99 + i;
    }
    rows[LIMIT_LENIENT_ROUNDS - 1][1] = 1; // good
    must_be_fine(run_batch(f, &run, (const int64_t(*)[2])rows, ARRAY_LEN(rows)), &run.err);
    assert_int_equal(run.rows.count, 1);
}

static void when_no_row_is_left_all_is_refused(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    set_app(f, POST_T);
    const int64_t rows[][2] = {{1, 0}, {5, 4}};
    assert_int_equal(run_batch(f, &run, rows, 2), ERR_INVALID);
    assert_string_equal(run.err.text, "errors in the batch: 2; nothing of it was written");
    assert_int_equal(run.report.status, 409);
}

static void of_no_rows_from_the_start_all_is_refused_by_what_was_found_before(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    set_app(f, POST_T);
    assert_int_equal(run_batch(f, &run, NULL, 0), ERR_INVALID);
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 1);
}

static void what_is_about_no_row_refuses_all(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    int64_t rows[60][2];
    set_app(f, POST_T);
    for (int64_t i = 0; i < (int64_t)ARRAY_LEN(rows); i++) {
        rows[i][0] = 1 + i;
        rows[i][1] = 0;
    }
    assert_int_equal(run_batch(f, &run, (const int64_t(*)[2])rows, ARRAY_LEN(rows)), ERR_INVALID);
    assert_string_equal(
        run.err.text, "errors in the batch: 2, of which some are not about a row; nothing of it was written");
    assert_int_equal(run.report.total, 2);
    assert_int_equal(run.report.status, 422); // not that of the one row
}

static void a_line_that_no_row_has_is_not_about_a_row(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    set_app(f, POST_T);
    const int64_t rows[][2] = {{2, 0}, {666, 0}};
    assert_int_equal(run_batch(f, &run, rows, 2), ERR_INVALID);
    assert_string_equal(
        run.err.text, "errors in the batch: 1, of which some are not about a row; nothing of it was written");
}

// A line of the file, say, on which nothing stands.
static void a_line_without_a_row_refuses_all_at_once(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    set_app(f, FIELDS "-- @shape value\n"
                      "-- @reject 422 odd\nSELECT line FROM batch WHERE id % 2 = 1\n"
                      "UNION ALL SELECT line + 1 FROM batch WHERE id = 9;\n"
                      "-- @write\nINSERT INTO t SELECT id, before FROM batch;\n"
                      "-- @answer 201\nSELECT count(*) AS rows FROM batch;\n");
    const int64_t rows[][2] = {{2, 0}, {9, 0}, {NO_ROW, 0}, {4, 0}};
    assert_int_equal(run_batch(f, &run, rows, 4), ERR_INVALID);
    assert_string_equal(run.err.text,
        "errors in the batch: 2, of which some name a line that has no row; nothing of it was written");
    assert_int_equal(run.report.total, 2);
}

static void what_was_not_read_refuses_all(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    const int64_t rows[][2] = {{2, 0}};
    set_app(f, POST_T);
    must_be_fine(run_batch(f, &run, rows, 1), &run.err);
    struct fault fault = {.line = 2, .code = span_of("pattern"), .detail = span_of("takes too long")};
    assert_int_equal(report_add(&run.report, &fault), ERR_NONE);
    run.report.is_cut = true;
    const struct batch_run statements = statements_of(&run);
    assert_int_equal(lenient_check(&statements, &run.rows, &run.err), ERR_INVALID);
    assert_string_equal(
        run.err.text, "errors in the batch: 1, and the rest was not read; nothing of it was written");
}

static void more_bad_rows_than_are_reported_are_left_out_as_well(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    enum { ROWS = 2 * LIMIT_ROW_REPORTS + 50 };
    int64_t(*rows)[2] = mem_zalloc(ROWS, sizeof(*rows));
    assert_non_null(rows);
    set_app(f, FIELDS "-- @shape value\n"
                      "-- @reject 422 odd\nSELECT line FROM batch WHERE id % 2 = 1;\n"
                      "-- @write\nINSERT INTO t SELECT id, before FROM batch;\n"
                      "-- @answer 201\nSELECT count(*) AS rows FROM batch;\n");
    for (int64_t i = 0; i < ROWS; i++)
        rows[i][0] = i < ROWS - 10 ? 2 * i + 3 : 2 * i;
    must_be_fine(run_batch(f, &run, (const int64_t(*)[2])rows, ROWS), &run.err);
    assert_int_equal(run.report.total, ROWS - 10);
    assert_int_equal(run.report.kept_count, LIMIT_ROW_REPORTS);
    assert_int_equal(run.rows.count, 10);
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 11);
    mem_free(rows);
}

static void warnings_are_those_of_the_rows_that_are_left(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    set_app(f, FIELDS "-- @shape value\n"
                      "-- @reject 422 odd\nSELECT line FROM batch WHERE id % 2 = 1;\n"
                      "-- @warn no before\nSELECT line FROM batch WHERE before IS NULL;\n"
                      "-- @write\nINSERT INTO t SELECT id, before FROM batch;\n"
                      "-- @answer 201\nSELECT count(*) AS rows FROM batch;\n");
    const int64_t rows[][2] = {{3, 0}, {4, 0}, {6, 1}};
    must_be_fine(run_batch(f, &run, rows, 3), &run.err);
    assert_answer(&run,
        "{\"answer\":2,\"errors\":[{\"line\":1,\"code\":\"odd\",\"detail\":\"odd\"}],\"errors_total\":1,"
        "\"warnings\":[{\"line\":2,\"code\":\"no_before\",\"detail\":\"no before\"}],\"warnings_total\":1}");
}

static void a_constraint_refuses_all(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    set_app(f, POST_T);
    const int64_t rows[][2] = {{1, 0}, {2, 0}, {2, 0}};
    assert_int_equal(run_batch(f, &run, rows, 3), ERR_CONFLICT);
    assert_string_equal(run.err.text, "a row with this id exists already");
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BATCH_TEST(good_rows_go_in_and_errors_stand_beside_the_answer),
        BATCH_TEST(without_errors_the_answer_has_the_same_form),
        BATCH_TEST(rejects_run_again_over_what_is_left),
        BATCH_TEST(they_do_not_do_so_without_end),
        BATCH_TEST(as_many_rounds_as_there_may_be_are_done),
        BATCH_TEST(when_no_row_is_left_all_is_refused),
        BATCH_TEST(of_no_rows_from_the_start_all_is_refused_by_what_was_found_before),
        BATCH_TEST(what_is_about_no_row_refuses_all),
        BATCH_TEST(a_line_that_no_row_has_is_not_about_a_row),
        BATCH_TEST(a_line_without_a_row_refuses_all_at_once),
        BATCH_TEST(what_was_not_read_refuses_all),
        BATCH_TEST(more_bad_rows_than_are_reported_are_left_out_as_well),
        BATCH_TEST(warnings_are_those_of_the_rows_that_are_left),
        BATCH_TEST(a_constraint_refuses_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
