// SPDX-License-Identifier: Apache-2.0
// Static files of an app, loaded from folders that the tests write.
#include "app/public.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
// cmocka needs those above
#include <cmocka.h>

#include "app_dir.h"
#include "base/limits.h"

static void files_of_public_are_listed_by_path(void **state)
{
    (void)state;
    app_dir_write("a.sql", GET_A);
    app_dir_make("public");
    app_dir_make("public/map");
    app_dir_make("public/empty");
    app_dir_make("public/.git");
    app_dir_write("public/.git/config", "");
    app_dir_write("public/.hidden", "");
    app_dir_write("public/map/index.html", "<p>");
    app_dir_write("public/map/.x.html", "");
    app_dir_write("public/index.html", "<p>");
    app_dir_write("public/b c.CSS", "");
    app_dir_write("public/no_ending", "");
    struct app *app = app_dir_load(app_dir, "sqlite");
    static const char *const expected[][2] = {{"/b c.CSS", "text/css; charset=utf-8"},
        {"/index.html", "text/html; charset=utf-8"}, {"/map/index.html", "text/html; charset=utf-8"},
        {"/no_ending", "application/octet-stream"}};
    assert_int_equal(app->public_count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        assert_true(span_is(app->public_files[i].path, expected[i][0]));
        assert_string_equal(app->public_files[i].media_type, expected[i][1]);
        assert_int_equal(access(app->public_files[i].file, R_OK), 0);
    }
    app_unref(app);
}

static void what_cannot_be_served_is_an_error(void **state)
{
    (void)state;
    char path[512];
    app_dir_write("a.sql", GET_A);
    app_dir_make("public");
    app_dir_make("public/-");
    app_dir_make("public/x");
    app_dir_make("public/x/-");
    app_dir_write("public/x/-/fine", "");
    app_dir_write("public/to", "");
    app_dir_path("public/x/link", path);
    assert_int_equal(symlink("../to", path), 0);
    app_dir_path("public/folder", path);
    assert_int_equal(symlink("x", path), 0);
    app_dir_path("public/pipe", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    app_dir_write("public/\xff", "");
    app_dir_expect_errors(
        "public/-: is where the server's own pages are; rename it\n"
        "public/folder: is a symbolic link, which is not followed; put the file itself there\n"
        "public/pipe: is neither a file nor a folder\n"
        "public/x/link: is a symbolic link, which is not followed; put the file itself there\n"
        "public/\xff: has a name that is not UTF-8; rename it\n");
}

static void public_has_to_be_a_folder(void **state)
{
    (void)state;
    app_dir_write("a.sql", GET_A);
    app_dir_write("public", "");
    app_dir_expect_errors("public: is not a folder; static files are served from a folder of that name\n");
}

static void a_file_where_an_endpoint_answers_is_an_error(void **state)
{
    (void)state;
    app_dir_write("a.sql", GET_A);
    app_dir_write("b.sql", POST_B);
    app_dir_write("c.sql", "-- @endpoint GET /x/page.html\n-- @answer\nSELECT 1;\n");
    app_dir_write("d.sql", "-- @endpoint GET /\n-- @answer\nSELECT 1;\n");
    app_dir_write("e.sql", "-- @endpoint GET /p/{id}\n-- @param id text\n-- @answer\nSELECT :id;\n");
    app_dir_make("public");
    app_dir_make("public/a");
    app_dir_make("public/b");
    app_dir_make("public/p");
    app_dir_make("public/x");
    app_dir_write("public/index.html", "");
    app_dir_write("public/a/index.html", "");
    app_dir_write("public/a/other.html", "");
    app_dir_write("public/b/index.html", ""); // a POST, which goes elsewhere
    app_dir_write("public/p/fine.html", "");  // the more literal one
    app_dir_write("public/x/page.html", "");
    app_dir_expect_errors(
        "public/a/index.html: is where the endpoint GET /a of a.sql answers; rename one of them\n"
        "public/index.html: is where the endpoint GET / of d.sql answers; rename one of them\n"
        "public/x/page.html: is where the endpoint GET /x/page.html of c.sql answers; rename one "
        "of them\n");
}

static void public_has_a_limit(void **state)
{
    (void)state;
    char name[64];
    app_dir_write("a.sql", GET_A);
    app_dir_make("public");
    for (int i = 0; i < LIMIT_PUBLIC_FILES; i++) {
        snprintf(name, sizeof(name), "public/%d", i);
        app_dir_write(name, "");
    }
    struct app *app = app_dir_load(app_dir, "sqlite");
    assert_int_equal(app->public_count, LIMIT_PUBLIC_FILES);
    app_unref(app);
    app_dir_make("public/one_more");
    app_dir_expect_errors("public: more than 10000 files and folders; serve them from somewhere else\n");
}

static void the_ending_says_what_shrinks(void **state)
{
    (void)state;
    const char *const shrink[] = {"/a.CSS", "/a.html", "/a.js", "/a.json", "/a.svg", "/a.csv", "/a.txt"};
    const char *const stay[] = {"/a.png", "/a.woff2", "/a.zip", "/a.unknown", "/css", ""};
    for (size_t i = 0; i < ARRAY_LEN(shrink); i++)
        assert_true(public_shrinks(span_of(shrink[i])));
    for (size_t i = 0; i < ARRAY_LEN(stay); i++)
        assert_false(public_shrinks(span_of(stay[i])));
}

static void the_ending_says_the_media_type(void **state)
{
    (void)state;
    static const char *const types[][2] = {{"/a.html", "text/html; charset=utf-8"},
        {"/a.b/C.SVG", "image/svg+xml"}, {"/.js", "text/javascript; charset=utf-8"},
        {"/a.json", "application/json"}, {"/a.html/b", "application/octet-stream"},
        {"/a.htmlx", "application/octet-stream"}, {"/a.", "application/octet-stream"},
        {"/a", "application/octet-stream"}, {"", "application/octet-stream"}};
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        assert_string_equal(public_media_type(span_of(types[i][0])), types[i][1]);
}

static void a_missing_folder_has_no_files(void **state)
{
    (void)state;
    app_dir_write("a.sql", GET_A);
    struct app *app = app_dir_load(app_dir, "sqlite");
    assert_int_equal(app->public_count, 0);
    app_unref(app);
}

static void in_a_full_arena_listing_says_so(void **state)
{
    (void)state;
    char path[512], name[64];
    app_dir_make("public");
    app_dir_make("public/x");
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "public/x/%d", i);
        app_dir_write(name, "");
    }
    app_dir_path("public", path);
    enum err_code code = ERR_NO_MEMORY;
    for (size_t max = 0; code == ERR_NO_MEMORY; max += 64) {
        struct arena arena;
        struct diags diags;
        struct err err = {0};
        struct public_file *files;
        size_t count = 0;
        arena_init(&arena, max);
        diags_init(&diags);
        code = public_list(path, &arena, &diags, &files, &count, &err);
        assert_int_equal(code, err.code);
        assert_int_equal(count, code == ERR_NONE ? 40 : 0);
        assert_int_equal(diags_total(&diags), 0);
        diags_fini(&diags);
        arena_fini(&arena);
    }
    assert_int_equal(code, ERR_NONE);
}

static void a_folder_that_is_not_read_to_its_end_is_an_error(void **state)
{
    (void)state;
    app_dir_write("a.sql", GET_A);
    app_dir_make("public");
    app_dir_make("public/map");
    app_dir_write("public/index.html", "<p>");
    app_dir_unreadable = "/public/map";
    app_dir_expect_errors("public/map: the folder could not be read: Input/output error\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        APP_DIR_TEST(files_of_public_are_listed_by_path),
        APP_DIR_TEST(what_cannot_be_served_is_an_error),
        APP_DIR_TEST(public_has_to_be_a_folder),
        APP_DIR_TEST(a_file_where_an_endpoint_answers_is_an_error),
        APP_DIR_TEST(public_has_a_limit),
        cmocka_unit_test(the_ending_says_the_media_type),
        cmocka_unit_test(the_ending_says_what_shrinks),
        APP_DIR_TEST(a_missing_folder_has_no_files),
        APP_DIR_TEST(in_a_full_arena_listing_says_so),
        APP_DIR_TEST(a_folder_that_is_not_read_to_its_end_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
