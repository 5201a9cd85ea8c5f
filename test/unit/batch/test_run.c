// SPDX-License-Identifier: Apache-2.0
// The steps of one batch, on a real store.
#include "batch/run.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "fixture.h"

enum { OUT_BYTES = 1 << 20 };

static const char SCHEMA[] = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);\n"
                             "INSERT INTO t VALUES (1, 'one');\n";

static const char POST_T[] =
    "-- @endpoint POST /t\n-- @param least integer default 0 name \"At least\"\n"
    "-- @field id integer required name \"The Id\"\n-- @field name text\n"
    "-- @reject 409 id too small\nSELECT line, 'id' AS field, id AS value FROM batch WHERE id < :least\n"
    "UNION ALL SELECT NULL, 'nothing', NULL WHERE :least > 100;\n"
    "-- @reject 422 least too large\nSELECT 'least' AS parameter, :least AS value WHERE :least > 100;\n"
    "-- @write\nINSERT INTO t SELECT id, name FROM batch;\n"
    "-- @answer 201\nSELECT count(*) AS rows FROM batch;\n";

// One run, and what it left.
struct run {
    struct plan *plan;
    struct report report;
    struct report warnings;
    struct spool answer;
    struct answered answered;
    struct err err;
};

static void run_fini(struct run *run)
{
    plan_free(run->plan);
    report_fini(&run->report);
    report_fini(&run->warnings);
    spool_fini(&run->answer);
}

static struct batch_run statements_of(struct run *run, const struct value *params, enum answer_format format)
{
    return (struct batch_run){.plan = run->plan,
        .params = params,
        .format = format,
        .report = &run->report,
        .warnings = &run->warnings,
        .answer = &run->answer,
        .answered = &run->answered};
}

// Runs a batch of two rows in a transaction, which is committed when it went well.
static enum err_code run_batch(
    struct fixture *f, struct run *run, const char *path, int64_t first_id, const struct value *params)
{
    struct diags diags;
    const struct endpoint *endpoint = post(f->app, path);
    diags_init(&diags);
    *run = (struct run){0};
    spool_init(&run->answer, NULL, OUT_BYTES);
    enum err_code code = plan_new(endpoint, f->conn, &diags, &run->plan, &run->err);
    diags_print(&diags, stderr);
    diags_fini(&diags);
    must_be_fine(code, &run->err);
    must_be_fine(store_begin(f->conn, &run->err), &run->err);
    must_be_fine(
        store_batch_open(f->conn, endpoint->field_names, endpoint->field_count, &run->err), &run->err);
    struct rows rows;
    rows_init(&rows, endpoint->field_count, NULL);
    for (int64_t i = 0; i < 2; i++) {
        struct value values[] = {
            {.kind = VALUE_INTEGER, .integer = first_id + i}, {.kind = VALUE_TEXT, .text = span_of("x")}};
        assert_int_equal(rows_add(&rows, i + 1, values, NULL), ERR_NONE);
    }
    must_be_fine(batch_insert(f->conn, &rows, &run->err), &run->err);
    rows_fini(&rows);
    enum answer_format format = endpoint->shape == SHAPE_TEXT ? FORMAT_TEXT : FORMAT_JSON;
    const struct batch_run statements = statements_of(run, params, format);
    code = batch_run(&statements, &run->err);
    if (code == ERR_NONE)
        must_be_fine(store_commit(f->conn, &run->err), &run->err);
    else
        store_rollback(f->conn);
    return code;
}

static void assert_answer(const struct run *run, int status, const char *expected)
{
    assert_int_equal(run->answered.status, status);
    assert_int_equal(run->answer.buf.len, strlen(expected));
    assert_memory_equal(run->answer.buf.data, expected, strlen(expected));
}

static void set_app(struct fixture *f, const char *name, const char *text)
{
    write_text(f, name, text);
    f->app = load_app(f);
    run_script(f->conn, SCHEMA);
}

static void a_batch_is_written_and_answered(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    struct value least = {.kind = VALUE_INTEGER, .integer = 0};
    set_app(f, "post_t.sql", POST_T);
    must_be_fine(run_batch(f, &run, "/t", 10, &least), &run.err);
    assert_answer(&run, 201, "[{\"rows\":2}]");
    assert_int_equal(run.answered.rows, 1);
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 3);
}

static void what_a_reject_finds_is_reported_by_its_outside_names(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    struct value least = {.kind = VALUE_INTEGER, .integer = 101};
    set_app(f, "post_t.sql", POST_T);
    assert_int_equal(run_batch(f, &run, "/t", 100, &least), ERR_INVALID);
    assert_string_equal(run.err.text, "errors in the batch: 3; nothing of it was written");
    assert_int_equal(run.report.status, 409);
    assert_report(&run.report,
        "[{\"field\":\"nothing\",\"code\":\"id_too_small\",\"detail\":\"id too small\"},"
        "{\"parameter\":\"At least\",\"value\":\"101\",\"code\":\"least_too_large\",\"detail\":\"least too large\"},"
        "{\"line\":1,\"field\":\"The Id\",\"value\":\"100\",\"code\":\"id_too_small\",\"detail\":\"id too small\"}]");
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 1);
}

static void warnings_stand_beside_the_answer_and_are_handed_out(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    set_app(f, "post_t.sql",
        "-- @endpoint POST /t\n-- @field id integer required\n-- @field name text\n"
        "-- @warn id exists\nSELECT line, 'id' AS field, id AS value FROM batch WHERE id IN (SELECT id FROM t);\n"
        "-- @write\nINSERT OR IGNORE INTO t SELECT id, name FROM batch;\n"
        "-- @answer\nSELECT count(*) AS rows FROM t;\n");
    must_be_fine(run_batch(f, &run, "/t", 1, NULL), &run.err);
    assert_answer(&run, 200,
        "{\"answer\":[{\"rows\":2}],\"warnings\":[{\"line\":1,\"field\":\"id\",\"value\":\"1\",\"code\":\"id_"
        "exists\",\"detail\":\"id exists\"}],\"warnings_total\":1}");
    assert_int_equal(run.warnings.total, 1);
    run_fini(&run);
    must_be_fine(run_batch(f, &run, "/t", 20, NULL), &run.err);
    assert_answer(&run, 200, "{\"answer\":[{\"rows\":4}],\"warnings\":[],\"warnings_total\":0}");
}

static void a_shape_without_its_row_undoes_the_write(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    set_app(f, "post_t.sql",
        "-- @endpoint POST /t\n-- @field id integer required\n-- @field name text\n-- @shape object\n"
        "-- @write\nINSERT INTO t SELECT id, name FROM batch;\n"
        "-- @answer\nSELECT id FROM t WHERE id = 10;\n");
    assert_int_equal(run_batch(f, &run, "/t", 20, NULL), ERR_UNKNOWN);
    assert_string_equal(run.err.text, "nothing was found for this request");
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 1);
    run_fini(&run);
    must_be_fine(run_batch(f, &run, "/t", 10, NULL), &run.err);
    assert_answer(&run, 200, "{\"id\":10}");
}

static void an_answer_that_does_not_fit_is_an_error_of_the_app(void **state)
{
    struct fixture *f = *state;
    AUTO(run_fini) struct run run;
    set_app(f, "post_t.sql",
        "-- @endpoint POST /t\n-- @field id integer required\n-- @field name text\n"
        "-- @write\nINSERT INTO t SELECT id, name FROM batch;\n"
        "-- @answer\nSELECT printf('%.*c', 2000000, 'x') AS x;\n");
    assert_int_equal(run_batch(f, &run, "/t", 10, NULL), ERR_STORE);
    assert_non_null(strstr(run.err.text, "/post_t.sql:7:1: the answer is larger than 1048576 bytes"));
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 1);
}

// A pattern of more bytes than SQLite takes, in each kind of statement.
static void a_value_that_is_too_long_for_sql_is_malformed(void **state)
{
    struct fixture *f = *state;
    static const char *const files[] = {
        "-- @reject 422 alike\nSELECT line FROM batch WHERE 'x' LIKE :pattern;\n-- @write\nDELETE FROM t;\n"
        "-- @answer\nSELECT 1 AS x;\n",
        "-- @write\nDELETE FROM t WHERE name LIKE :pattern;\n-- @answer\nSELECT 1 AS x;\n",
        "-- @write\nDELETE FROM t;\n-- @answer\nSELECT 'x' LIKE :pattern AS x;\n",
        "-- @write\nDELETE FROM t;\n-- @answer 200 when 'x' LIKE :pattern\nSELECT 1 AS x;\n"
        "-- @answer\nSELECT 2 AS x;\n",
    };
    char text[1001];
    memset(text, '%', sizeof(text));
    struct value pattern = {.kind = VALUE_TEXT, .text = {.at = text, .len = sizeof(text)}};
    run_script(f->conn, SCHEMA);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        AUTO(run_fini) struct run run;
        char file[600];
        snprintf(file, sizeof(file),
            "-- @endpoint POST /t\n-- @param pattern text\n-- @field id integer\n-- @field name text\n%s",
            files[i]);
        write_text(f, "post_t.sql", file);
        f->app = load_app(f);
        assert_int_equal(run_batch(f, &run, "/t", 10, &pattern), ERR_VALUE);
        assert_int_equal(run.err.code, ERR_VALUE);
        assert_string_equal(run.err.text, "a pattern of LIKE or GLOB is longer than 1000 bytes");
        assert_int_equal(committed(f, "SELECT count(*) FROM t"), 1);
        plan_free(run.plan);
        run.plan = NULL;
        app_unref(f->app);
        f->app = NULL;
    }
}

static void a_value_that_is_too_long_and_did_not_come_with_the_request_is_an_error_likewise(void **state)
{
    struct fixture *f = *state;
    struct diags diags;
    struct plan *plan;
    struct spool answer;
    struct answered answered;
    struct err err = {0};
    set_app(
        f, "get_t.sql", "-- @endpoint GET /t\n-- @answer\nSELECT 'x' LIKE '%' || hex(zeroblob(500)) AS x;\n");
    diags_init(&diags);
    spool_init(&answer, NULL, OUT_BYTES);
    must_be_fine(plan_new(app_find(f->app, HTTP_GET, span_of("/t")), f->conn, &diags, &plan, &err), &err);
    assert_int_equal(plan_answer(plan, NULL, FORMAT_JSON, &answer, &answered, &err), ERR_VALUE);
    assert_int_equal(err.code, ERR_VALUE);
    plan_free(plan);
    spool_fini(&answer);
    diags_fini(&diags);
}

// Of the two rejects, and of the two warnings of /u, only the first reads no table.
static const char POST_TWO_STEPS[] =
    "-- @endpoint POST /%c\n-- @field id integer required\n-- @field name text\n"
    "-- @reject 409 there\nSELECT line, 'id' AS field FROM batch WHERE id IN (SELECT id FROM t);\n"
    "-- @reject 422 low\nSELECT line, 'id' AS field FROM batch WHERE id < 0;\n"
    "-- @warn high\nSELECT line FROM batch WHERE id > 50;\n"
    "-- @warn higher than others\nSELECT line FROM batch WHERE id > (SELECT max(%s) FROM %s);\n"
    "-- @write\nINSERT INTO t SELECT id, name FROM batch;\n"
    "-- @answer 201\nSELECT count(*) AS rows FROM batch;\n";

// The first step of a batch of these two rows; *ret_code_late is what the second one ends with.
static enum err_code run_in_steps(struct fixture *f, struct run *run, const char *path, int64_t first,
    int64_t second, size_t *ret_early_warnings, enum err_code *ret_code_late)
{
    struct diags diags;
    const struct endpoint *endpoint = post(f->app, path);
    *run = (struct run){0};
    spool_init(&run->answer, NULL, OUT_BYTES);
    diags_init(&diags);
    must_be_fine(plan_new(endpoint, f->conn, &diags, &run->plan, &run->err), &run->err);
    diags_fini(&diags);
    must_be_fine(plan_find_early(run->plan, &run->err), &run->err);
    must_be_fine(store_begin_early(f->conn, &run->err), &run->err);
    must_be_fine(
        store_batch_open(f->conn, endpoint->field_names, endpoint->field_count, &run->err), &run->err);
    const int64_t ids[] = {first, second};
    for (int64_t i = 0; i < 2; i++) {
        struct value values[] = {{.kind = VALUE_INTEGER, .integer = ids[i]}, {.kind = VALUE_NULL}};
        must_be_fine(store_batch_add(f->conn, values, i + 1, &run->err), &run->err);
    }
    const struct batch_run statements = statements_of(run, NULL, FORMAT_JSON);
    enum err_code code = batch_run_early(&statements, &run->err);
    *ret_early_warnings = run->warnings.total;
    if (code == ERR_NONE) {
        must_be_fine(store_take_turn(f->conn, &run->err), &run->err);
        *ret_code_late = batch_check(&statements, CHECKS_LATE, &run->err);
        if (*ret_code_late == ERR_NONE)
            *ret_code_late = batch_write(&statements, &run->err);
    }
    store_rollback(f->conn);
    return code;
}

static void the_first_step_refuses_by_what_reads_the_batch_alone(void **state)
{
    struct fixture *f = *state;
    char text[1000];
    enum err_code late = ERR_NONE;
    size_t warned;
    snprintf(text, sizeof(text), POST_TWO_STEPS, 'u', "id", "t");
    write_text(f, "post_u.sql", text);
    snprintf(text, sizeof(text), POST_TWO_STEPS, 't', "id", "batch");
    set_app(f, "post_t.sql", text);
    {
        AUTO(run_fini) struct run run; // refused at once, with all that is wrong, and the first status
        assert_int_equal(run_in_steps(f, &run, "/t", -1, 1, &warned, &late), ERR_INVALID);
        assert_report(&run.report, "[{\"line\":1,\"field\":\"id\",\"code\":\"low\",\"detail\":\"low\"},"
                                   "{\"line\":2,\"field\":\"id\",\"code\":\"there\",\"detail\":\"there\"}]");
        assert_int_equal(run.report.status, 409);
    }
    {
        AUTO(run_fini) struct run run; // a table is for the second step
        must_be_fine(run_in_steps(f, &run, "/t", 1, 60, &warned, &late), &run.err);
        assert_int_equal(late, ERR_INVALID);
        assert_int_equal(run.report.total, 1);
        assert_int_equal(warned, 1);
    }
    {
        AUTO(run_fini) struct run run;
        must_be_fine(run_in_steps(f, &run, "/t", 10, 60, &warned, &late), &run.err);
        must_be_fine(late, &run.err);
        assert_int_equal(warned, 1);
        assert_int_equal(run.warnings.total, 1);
        assert_answer(&run, 201,
            "{\"answer\":[{\"rows\":2}],\"warnings\":[{\"line\":2,\"code\":\"high\","
            "\"detail\":\"high\"}],\"warnings_total\":1}");
    }
    {
        AUTO(run_fini) struct run run; // warnings are told in the order of the file, so none is early here
        must_be_fine(run_in_steps(f, &run, "/u", 10, 60, &warned, &late), &run.err);
        must_be_fine(late, &run.err);
        assert_int_equal(warned, 0);
        assert_int_equal(run.warnings.total, 3);
    }
}

static void without_memory_nothing_is_written(void **state)
{
    struct fixture *f = *state;
    struct value least = {.kind = VALUE_INTEGER, .integer = 101};
    struct diags diags;
    struct plan *plan;
    struct err err = {0};
    set_app(f, "post_t.sql", POST_T);
    diags_init(&diags);
    must_be_fine(plan_new(post(f->app, "/t"), f->conn, &diags, &plan, &err), &err);
    int failures = 0;
    enum err_code code = ERR_NO_MEMORY;
    for (long n = 0; code == ERR_NO_MEMORY; n++) {
        struct report report = {0}, warnings = {0};
        struct spool answer;
        struct answered answered;
        err = (struct err){0};
        spool_init(&answer, NULL, OUT_BYTES);
        mem_fail_after(n);
        code = batch_run(&(struct batch_run){.plan = plan,
                             .params = &least,
                             .format = FORMAT_JSON,
                             .report = &report,
                             .warnings = &warnings,
                             .answer = &answer,
                             .answered = &answered},
            &err);
        mem_fail_after(-1);
        report_fini(&report);
        report_fini(&warnings);
        spool_fini(&answer);
        failures++;
    }
    assert_int_equal(code, ERR_INVALID); // the parameter, as there is no row
    assert_true(failures > 2);
    plan_free(plan);
    diags_fini(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BATCH_TEST(a_batch_is_written_and_answered),
        BATCH_TEST(what_a_reject_finds_is_reported_by_its_outside_names),
        BATCH_TEST(warnings_stand_beside_the_answer_and_are_handed_out),
        BATCH_TEST(a_shape_without_its_row_undoes_the_write),
        BATCH_TEST(an_answer_that_does_not_fit_is_an_error_of_the_app),
        BATCH_TEST(a_value_that_is_too_long_for_sql_is_malformed),
        BATCH_TEST(a_value_that_is_too_long_and_did_not_come_with_the_request_is_an_error_likewise),
        BATCH_TEST(the_first_step_refuses_by_what_reads_the_batch_alone),
        BATCH_TEST(without_memory_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
