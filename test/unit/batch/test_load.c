// SPDX-License-Identifier: Apache-2.0
// A data file that goes through an endpoint as one batch.
#include "batch/load.h"
#include "batch/record.h"

#include <stdio.h>
#include <string.h>

#include "fixture.h"

static const char SCHEMA[] = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);\n";

static const char POST_T[] =
    "-- @endpoint POST /t\n-- @field id integer required name \"ID\"\n-- @field name text\n"
    "-- @warn id exists\nSELECT line, 'id' AS field, id AS value FROM batch WHERE id IN (SELECT id FROM t);\n"
    "-- @write\nINSERT OR IGNORE INTO t SELECT id, name FROM batch;\n"
    "-- @answer 201\nSELECT count(*) AS rows FROM batch;\n";

static void one_file_gives_its_answer_and_its_warnings(void **state)
{
    struct fixture *f = *state;
    struct report report = {0}, warnings = {0};
    struct spool answer;
    struct diags diags;
    struct plan *plan;
    struct err err = {0};
    char path[200];
    write_text(f, "post_t.sql", POST_T);
    write_text(f, "data/a.csv", "ID,name\n1,one\n2,two\n");
    f->app = load_app(f);
    run_script(f->conn, SCHEMA);
    run_script(f->conn, "INSERT INTO t VALUES (1, 'there')");
    must_be_fine(record_make_table(f->conn, &err), &err);
    snprintf(path, sizeof(path), "%s/data/a.csv", f->dir);
    diags_init(&diags);
    spool_init(&answer, NULL, 1000);
    must_be_fine(plan_new(post(f->app, "/t"), f->conn, &diags, &plan, &err), &err);
    must_be_fine(plan_find_early(plan, &err), &err);
    must_be_fine(store_begin_early(f->conn, &err), &err);
    const struct load load = {
        .plan = plan, .path = path, .report = &report, .warnings = &warnings, .answer = &answer};
    must_be_fine(load_file(&load, &err), &err);
    assert_report(&warnings,
        "[{\"line\":2,\"field\":\"ID\",\"value\":\"1\",\"code\":\"id_exists\",\"detail\":\"id exists\"}]");
    static const char expected[] = "{\"answer\":[{\"rows\":2}],\"warnings\":[";
    assert_memory_equal(answer.buf.data, expected, strlen(expected));
    plan_free(plan);
    spool_fini(&answer);
    report_fini(&report);
    report_fini(&warnings);
    diags_fini(&diags);
}

// A body of so many rows would be given up on its way: see patterns_that_take_too_long_end_the_reading.
static void the_patterns_of_a_file_may_take_what_its_rows_need(void **state)
{
    struct fixture *f = *state;
    struct report report = {0};
    struct err err = {0};
    AUTO(buf_fini) struct buf file;
    char path[200];
    enum { ROWS = 3000 };
    buf_init(&file, 1024 * 1024);
    buf_append_str(&file, "a\n");
    for (int i = 0; i < ROWS; i++)
        buf_append_str(&file, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaace\n");
    buf_append_byte(&file, '\0');
    write_text(f, "post_t.sql",
        "-- @endpoint POST /t\n-- @field a text pattern \"(a+)+[bc]d*\"\n"
        "-- @write\nINSERT INTO t (name) SELECT a FROM batch;\n-- @answer 204\n");
    write_text(f, "data/a.csv", file.data);
    f->app = load_app(f);
    snprintf(path, sizeof(path), "%s/data/a.csv", f->dir);
    must_be_fine(load_rows(post(f->app, "/t"), f->conn, path, SIZE_MAX, NULL, &report, &err), &err);
    assert_int_equal(report.total, ROWS);
    report_fini(&report);
}

static void some_endpoints_take_no_file(void **state)
{
    struct fixture *f = *state;
    static const char rest[] = "-- @write\nDELETE FROM t WHERE name = :name;\n-- @answer\nSELECT 1 AS x;\n";
    static const struct {
        const char *method, *path, *declared, *text;
    } cases[] = {
        {"POST", "/a", "-- @param name text required\n-- @field id integer\n",
            "POST /a has a required parameter, which a load cannot give"},
        {"POST", "/b/{name}", "-- @param name text\n-- @field id integer\n",
            "POST /b/{name} has a parameter in its path, which a load cannot give"},
        {"DELETE", "/c", "-- @param name text\n", "DELETE /c has no fields to load"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char name[20], text[400];
        snprintf(name, sizeof(name), "file_%zu.sql", i);
        snprintf(text, sizeof(text), "-- @endpoint %s %s\n%s%s", cases[i].method, cases[i].path,
            cases[i].declared, rest);
        write_text(f, name, text);
    }
    f->app = load_app(f);
    run_script(f->conn, SCHEMA);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct report report = {0}, warnings = {0};
        struct spool answer;
        struct diags diags;
        struct plan *plan;
        struct err err = {0};
        enum http_method method;
        assert_true(http_method_from_name(span_of(cases[i].method), &method));
        const struct endpoint *endpoint = app_find(f->app, method, span_of(cases[i].path));
        diags_init(&diags);
        spool_init(&answer, NULL, 1000);
        must_be_fine(plan_new(endpoint, f->conn, &diags, &plan, &err), &err);
        const struct load load = {
            .plan = plan, .path = "a.csv", .report = &report, .warnings = &warnings, .answer = &answer};
        assert_int_equal(load_file(&load, &err), ERR_CONFIG);
        assert_string_equal(err.text, cases[i].text);
        plan_free(plan);
        spool_fini(&answer);
        diags_fini(&diags);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BATCH_TEST(one_file_gives_its_answer_and_its_warnings),
        BATCH_TEST(the_patterns_of_a_file_may_take_what_its_rows_need),
        BATCH_TEST(some_endpoints_take_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
