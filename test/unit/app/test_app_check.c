// SPDX-License-Identifier: Apache-2.0
#include "app/app_check.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/app_read.h"
#include "app/directives.h"
#include "base/mem.h"
#include "store/migrate.h"

enum { ARENA_BYTES = 16 * 1024 * 1024 };

static void must_be_fine(enum err_code code, const struct err *err)
{
    if (code != ERR_NONE)
        fail_msg("error %d: %s", (int)code, err->text);
}

static void open_store(struct store **ret_store, struct store_conn **ret_conn)
{
    struct err err = {0};
    must_be_fine(store_open("sqlite::memory:", "test", ret_store, &err), &err);
    must_be_fine(store_connect(*ret_store, STORE_WRITE, ret_conn, &err), &err);
}

static struct endpoint parse(const char *text, struct arena *arena, struct diags *diags)
{
    struct endpoint endpoint;
    struct err err = {0};
    must_be_fine(directives_parse("x.sql", span_of(text), SQL_SQLITE, arena, diags, &endpoint, &err), &err);
    return endpoint;
}

static void expect_diags(struct diags *diags, const char *expected)
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    assert_non_null(file);
    diags_sort(diags);
    diags_print(diags, file);
    fclose(file);
    assert_string_equal(text, expected);
    free(text);
}

static void the_errors_of_every_endpoint_are_reported(void **state)
{
    (void)state;
    struct store *store;
    struct store_conn *conn;
    struct arena arena;
    struct err err = {0};
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    arena_init(&arena, ARENA_BYTES);
    open_store(&store, &conn);
    must_be_fine(store_exec(conn, span_of("CREATE TABLE t (id INTEGER);"), &err), &err);
    struct endpoint endpoints[] = {
        parse("-- @endpoint GET /a\n-- @answer\nINSERT INTO t VALUES (9);\n", &arena, &diags),
        parse("-- @endpoint GET /b\n-- @answer\nSELECT 1 AS a, 2 AS a;\n", &arena, &diags),
        parse("-- @endpoint GET /c\n-- @answer\nSELECT id FROM t;\n", &arena, &diags),
    };
    struct app app = {.dir = "apps/x", .endpoints = endpoints, .endpoint_count = 3};
    assert_int_equal(app_check(&app, conn, &diags, &err), ERR_CONFIG);
    assert_string_equal(err.text, "apps/x has 3 errors");
    expect_diags(&diags, "x.sql:3:1: an endpoint that reads cannot write\n"
                         "x.sql:3:1: an @answer has to give rows; start it with SELECT\n"
                         "x.sql:3:1: the answer has two columns a; rename one by AS\n");
    app.endpoints = &endpoints[2];
    app.endpoint_count = 1;
    err = (struct err){0};
    must_be_fine(app_check(&app, conn, &diags, &err), &err);
    mem_fail_after(0);
    assert_int_equal(app_check(&app, conn, &diags, &err), ERR_NO_MEMORY);
    mem_fail_after(-1);
    store_disconnect(conn);
    store_close(store);
    arena_fini(&arena);
}

// Checks the endpoints in this order, and expects these diags.
static void expect_checked(const char *const *texts, size_t count, const char *expected)
{
    struct store *store;
    struct store_conn *conn;
    struct arena arena;
    struct err err = {0};
    struct endpoint endpoints[3];
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    arena_init(&arena, ARENA_BYTES);
    open_store(&store, &conn);
    must_be_fine(store_exec(conn, span_of("CREATE TABLE t (id INTEGER);"), &err), &err);
    for (size_t i = 0; i < count; i++)
        endpoints[i] = parse(texts[i], &arena, &diags);
    struct app app = {.dir = "apps/x", .endpoints = endpoints, .endpoint_count = count};
    assert_int_equal(app_check(&app, conn, &diags, &err), expected[0] == '\0' ? ERR_NONE : ERR_CONFIG);
    expect_diags(&diags, expected);
    store_disconnect(conn);
    store_close(store);
    arena_fini(&arena);
}

static const char WITH_FIELDS[] =
    "-- @endpoint POST /t\n-- @field id integer\n"
    "-- @write\nINSERT INTO t SELECT id FROM batch;\n-- @answer\nSELECT 1 AS x;\n";

static void what_an_endpoint_sees_of_batch_does_not_depend_on_those_before_it(void **state)
{
    (void)state;
    static const char reading[] = "-- @endpoint GET /t\n-- @answer\nSELECT id FROM batch;\n";
    static const char without_fields[] = "-- @endpoint DELETE /t\n-- @write\nDELETE FROM t WHERE id IN "
                                         "(SELECT batch.id FROM batch);\n-- @answer\nSELECT 1 AS x;\n";
    static const char its_line[] = "-- @endpoint DELETE /u\n-- @write\nDELETE FROM t;\n"
                                   "-- @answer\nSELECT count(line) AS x FROM batch;\n";
    const char *no_table = "x.sql:3:16: no such table: batch\n";
    const char *no_column = "x.sql:3:35: no such column: batch.id\n";
    expect_checked((const char *[]){reading}, 1, no_table);
    expect_checked((const char *[]){WITH_FIELDS, reading}, 2, no_table);
    expect_checked((const char *[]){without_fields}, 1, no_column);
    expect_checked((const char *[]){WITH_FIELDS, without_fields}, 2, no_column);
    expect_checked((const char *[]){its_line}, 1, "");
    expect_checked((const char *[]){WITH_FIELDS, its_line, WITH_FIELDS}, 3, "");
}

static void without_turns_no_reject_may_read_a_table(void **state)
{
    (void)state;
    static const char by_rows[] =
        "-- @endpoint POST /t\n-- @parallel\n-- @field id integer unique\n"
        "-- @reject 422 low\nSELECT line FROM batch WHERE id < 0;\n"
        "-- @warn there\nSELECT line FROM batch WHERE id IN (SELECT id FROM t);\n"
        "-- @write\nINSERT INTO t SELECT id FROM batch;\n-- @answer\nSELECT 1 AS x;\n";
    static const char by_table[] =
        "-- @endpoint PUT /t\n-- @parallel\n-- @field id integer\n"
        "-- @reject 409 there\nSELECT line FROM batch WHERE id IN (SELECT id FROM t);\n"
        "-- @write\nINSERT INTO t SELECT id FROM batch;\n-- @answer\nSELECT 1 AS x;\n";
    expect_checked((const char *[]){by_rows}, 1, "");
    expect_checked((const char *[]){by_rows, by_table}, 2,
        "x.sql:5:1: a @reject of a @parallel endpoint cannot read t, as that may have changed when the batch "
        "writes; let a constraint of the table refuse the rows, or take @parallel away\n");
}

static void check_app(const char *dir)
{
    struct store *store;
    struct store_conn *conn;
    struct app *app = NULL;
    struct err err = {0};
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    open_store(&store, &conn);
    enum err_code code = app_read(dir, store_kind(store), &diags, &app, &err);
    if (code == ERR_NONE)
        code = migrate(conn, app->migrations, app->migration_count, NULL, &err);
    if (code == ERR_NONE)
        code = app_check(app, conn, &diags, &err);
    diags_print(&diags, stderr);
    must_be_fine(code, &err);
    store_disconnect(conn);
    store_close(store);
    app_unref(app);
}

static void the_apps_of_the_project_are_right(void **state)
{
    (void)state;
    const char *root = getenv("TEST_APPS");
    assert_non_null(root);
    DIR *dir = opendir(root);
    assert_non_null(dir);
    struct dirent *item;
    int count = 0;
    while ((item = readdir(dir)) != NULL) {
        char path[1024];
        if (item->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", root, item->d_name);
        check_app(path);
        count++;
    }
    closedir(dir);
    assert_true(count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_errors_of_every_endpoint_are_reported),
        cmocka_unit_test(what_an_endpoint_sees_of_batch_does_not_depend_on_those_before_it),
        cmocka_unit_test(without_turns_no_reject_may_read_a_table),
        cmocka_unit_test(the_apps_of_the_project_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
