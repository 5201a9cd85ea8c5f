// SPDX-License-Identifier: Apache-2.0
// Data files of an app, each loaded once in the life of its store.
#include "batch/first_load.h"

#include <stdio.h>
#include <string.h>

#include "fixture.h"

static const char SCHEMA[] = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);\n";

static const char POST_T[] =
    "-- @endpoint POST /t\n-- @param suffix text default '!'\n-- @field id integer required name \"ID\"\n-- @field name text\n"
    "-- @reject 422 negative\nSELECT line, 'id' AS field, id AS value FROM batch WHERE id < 0;\n"
    "-- @warn id exists\nSELECT line, 'id' AS field, id AS value FROM batch WHERE id IN (SELECT id FROM t);\n"
    "-- @write\nINSERT OR IGNORE INTO t SELECT id, name || :suffix FROM batch;\n"
    "-- @answer 201\nSELECT count(*) AS rows FROM batch;\n";

// What on_file was told, a line each.
struct told {
    char text[1000];
};

static void on_file(void *ctx, const char *path, enum first_load_event event, const struct report *warnings)
{
    static const char *const names[] = {
        [FIRST_LOAD_DONE] = "loaded", [FIRST_LOAD_NO_FILE] = "missing", [FIRST_LOAD_CHANGED] = "changed"};
    struct told *told = ctx;
    char line[200];
    const char *name = strrchr(path, '/');
    snprintf(line, sizeof(line), "%s %s, warnings: %zu\n", name + 1, names[event], warnings->total);
    strcat(told->text, line);
}

static void set_app(struct fixture *f)
{
    write_text(f, "post_t.sql", POST_T);
    write_text(f, "app.ini", "[load]\nPOST /t = a.csv\nPOST /t = b.json\n");
    write_text(f, "data/a.csv", "ID,name\n1,one\n2,two\n");
    write_text(f, "data/b.json", "[{\"ID\": 2, \"name\": \"again\"}, {\"ID\": 3}]");
    f->app = load_app(f);
    run_script(f->conn, SCHEMA);
}

static enum err_code load(struct fixture *f, const char *data_dir, struct told *told, struct report *report,
    const char **ret_path, struct err *err)
{
    struct first_load_options options = {
        .data_dir = data_dir, .now = "2024-01-01T00:00:00.000Z", .on_file = on_file, .ctx = told};
    return first_load_run(f->app, f->conn, &options, report, ret_path, err);
}

static void files_are_loaded_once_and_their_warnings_told(void **state)
{
    struct fixture *f = *state;
    struct told told = {""};
    struct report report = {0};
    const char *path = NULL;
    struct err err = {0};
    set_app(f);
    must_be_fine(load(f, NULL, &told, &report, &path, &err), &err);
    assert_string_equal(told.text, "a.csv loaded, warnings: 0\nb.json loaded, warnings: 1\n");
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 3);
    assert_int_equal(committed(f, "SELECT count(*) FROM t WHERE name = 'two!'"), 1);
    told.text[0] = '\0';
    must_be_fine(load(f, NULL, &told, &report, &path, &err), &err);
    assert_string_equal(told.text, "");
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 3);
}

static void a_file_that_changed_since_is_told_and_not_loaded_again(void **state)
{
    struct fixture *f = *state;
    struct told told = {""};
    struct report report = {0};
    const char *path = NULL;
    struct err err = {0};
    set_app(f);
    must_be_fine(load(f, NULL, &told, &report, &path, &err), &err);
    told.text[0] = '\0';
    write_text(f, "data/a.csv", "ID,name\n1,one\n2,tw2\n");                          // as long as before
    write_text(f, "data/b.json", "[{\"ID\": 2, \"name\": \"again\"}, {\"ID\": 3}]"); // as it was
    must_be_fine(load(f, NULL, &told, &report, &path, &err), &err);
    assert_string_equal(told.text, "a.csv changed, warnings: 0\n");
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 3);
}

static void a_file_with_a_bad_row_leaves_nothing_of_any(void **state)
{
    struct fixture *f = *state;
    struct told told = {""};
    struct report report = {0};
    const char *path = NULL;
    struct err err = {0};
    set_app(f);
    write_text(f, "data/b.json", "[{\"ID\": -2}]");
    assert_int_equal(load(f, NULL, &told, &report, &path, &err), ERR_INVALID);
    assert_string_equal(err.text, "errors in the batch: 1; nothing of it was written");
    assert_report(&report,
        "[{\"line\":1,\"field\":\"ID\",\"value\":\"-2\",\"code\":\"negative\",\"detail\":\"negative\"}]");
    assert_non_null(strstr(path, "/data/b.json"));
    assert_string_equal(told.text, ""); // a.csv went in, and out again
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 0);
    report_fini(&report);
}

static void files_of_another_folder_may_be_missing(void **state)
{
    struct fixture *f = *state;
    struct told told = {""};
    struct report report = {0};
    const char *path = NULL;
    struct err err = {0};
    char dir[200];
    set_app(f);
    write_text(f, "other/b.json", "[{\"ID\": 7}]");
    snprintf(dir, sizeof(dir), "%s/other", f->dir);
    must_be_fine(load(f, dir, &told, &report, &path, &err), &err);
    assert_string_equal(told.text, "a.csv missing, warnings: 0\nb.json loaded, warnings: 0\n");
    assert_int_equal(committed(f, "SELECT sum(id) FROM t"), 7);
}

static void a_private_endpoint_can_be_loaded_and_a_text_is_no_hindrance(void **state)
{
    struct fixture *f = *state;
    struct told told = {""};
    struct report report = {0};
    const char *path = NULL;
    struct err err = {0};
    write_text(f, "post_t.sql",
        "-- @endpoint POST /t\n-- @private\n-- @shape text\n-- @field id integer\n"
        "-- @write\nINSERT INTO t (id) SELECT id FROM batch;\n-- @answer\nSELECT 'done' AS x;\n");
    write_text(f, "app.ini", "[load]\nPOST /t = a.csv\n");
    write_text(f, "data/a.csv", "id\n1\n");
    f->app = load_app(f);
    run_script(f->conn, SCHEMA);
    must_be_fine(load(f, NULL, &told, &report, &path, &err), &err);
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 1);
}

static void files_are_told_when_they_are_on_disk(void **state)
{
    struct fixture *f = *state;
    struct told told = {""};
    struct report report = {0};
    const char *path = "";
    struct err err = {0};
    set_app(f);
    run_script(f->conn,
        "CREATE TABLE known (id INTEGER PRIMARY KEY); INSERT INTO known VALUES (1), (2);"
        "CREATE TABLE copy (id INTEGER REFERENCES known (id) DEFERRABLE INITIALLY DEFERRED);"
        "CREATE TRIGGER copies AFTER INSERT ON t BEGIN INSERT INTO copy VALUES (new.id); END;");
    assert_int_equal(load(f, NULL, &told, &report, &path, &err), ERR_CONSTRAINT); // of 3, by COMMIT
    assert_string_equal(told.text, "");
    assert_null(path);
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BATCH_TEST(files_are_loaded_once_and_their_warnings_told),
        BATCH_TEST(a_file_that_changed_since_is_told_and_not_loaded_again),
        BATCH_TEST(a_file_with_a_bad_row_leaves_nothing_of_any),
        BATCH_TEST(files_of_another_folder_may_be_missing),
        BATCH_TEST(files_are_told_when_they_are_on_disk),
        BATCH_TEST(a_private_endpoint_can_be_loaded_and_a_text_is_no_hindrance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
