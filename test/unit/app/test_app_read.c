// SPDX-License-Identifier: Apache-2.0
// Loads apps that each test writes into a folder of its own.
#include "app/app_read.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "app_dir.h"
#include "base/limits.h"
#include "base/mem.h"

static void a_whole_app_is_loaded(void **state)
{
    (void)state;
    app_dir_make("schema");
    app_dir_make("data");
    app_dir_write("get_a.sql", GET_A);
    app_dir_write("post_b.sql", POST_B);
    app_dir_write("schema/010_more.sql", "CREATE TABLE u (y);\n");
    app_dir_write("schema/001_tables.sql", "CREATE TABLE t (x);\n");
    app_dir_write("app.ini",
        "; comment\n title = Rates & more ; as sold\n\n[load]\nPOST /b = b.csv\n  POST  /b=more/c.ndjson\n");
    struct app *app = app_dir_load(app_dir, "sqlite");
    assert_string_equal(app->name, "rates");
    assert_string_equal(app->dir, app_dir);
    assert_true(span_is(app->title, "Rates & more"));
    assert_int_equal(app->endpoint_count, 2);
    assert_int_equal(app->migration_count, 2);
    assert_true(span_is(app->migrations[0].name, "001_tables"));
    assert_true(span_is(app->migrations[0].sql, "CREATE TABLE t (x);\n"));
    assert_true(span_is(app->migrations[1].name, "010_more"));
    char path[512];
    app_dir_path("schema/010_more.sql", path);
    assert_string_equal(app->migrations[1].file, path);
    assert_int_equal(app->first_load_count, 2);
    assert_ptr_equal(app->first_loads[0].endpoint, app_find(app, HTTP_POST, span_of("/b")));
    assert_true(span_is(app->first_loads[0].file, "b.csv"));
    assert_int_equal(app->first_loads[0].line, 5);
    assert_true(span_is(app->first_loads[1].file, "more/c.ndjson"));
    assert_int_equal(app->first_loads[1].line, 6);
    app_unref(app);
}

static void an_endpoint_is_found_by_method_and_path(void **state)
{
    (void)state;
    app_dir_write("1.sql", "-- @endpoint GET /b\n-- @answer\nSELECT 1;\n");
    app_dir_write("2.sql", POST_B);
    app_dir_write("3.sql", GET_A);
    app_dir_write("4.sql", "-- @endpoint GET /\n-- @answer\nSELECT 1;\n");
    app_dir_write("5.sql", "-- @endpoint GET /a/b\n-- @answer\nSELECT 1;\n");
    struct app *app = app_dir_load(app_dir, "sqlite");
    assert_int_equal(app->endpoint_count, 5);
    for (size_t i = 0; i < app->endpoint_count; i++)
        assert_ptr_equal(app_find(app, app->endpoints[i].method, app->endpoints[i].path), &app->endpoints[i]);
    assert_true(span_is(app->endpoints[0].path, "/"));
    assert_null(app_find(app, HTTP_POST, span_of("/a")));
    assert_null(app_find(app, HTTP_HEAD, span_of("/a")));
    assert_null(app_find(app, HTTP_GET, span_of("/c")));
    assert_null(app_find(app, HTTP_GET, span_of("/a/")));
    assert_null(app_find(app, HTTP_GET, (struct span){0}));
    app_unref(app);
}

static void an_app_needs_neither_ini_nor_schema(void **state)
{
    (void)state;
    app_dir_write("get_a.sql", GET_A);
    char with_slash[sizeof(app_dir) + 3];
    snprintf(with_slash, sizeof(with_slash), "%s//", app_dir);
    struct app *app = app_dir_load(with_slash, "sqlite");
    assert_string_equal(app->name, "rates");
    assert_string_equal(app->dir, app_dir);
    assert_true(span_is(app->title, "rates"));
    assert_int_equal(app->migration_count, 0);
    assert_int_equal(app->first_load_count, 0);
    char path[512];
    app_dir_path("get_a.sql", path);
    assert_string_equal(app->endpoints[0].file, path);
    app_unref(app);
}

static void the_folder_that_one_is_in_has_its_name(void **state)
{
    (void)state;
    app_dir_write("get_a.sql", GET_A);
    char before[512];
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(app_dir), 0);
    struct app *app = app_dir_load(".", "sqlite");
    assert_int_equal(chdir(before), 0);
    assert_string_equal(app->name, "rates");
    assert_string_equal(app->endpoints[0].file, "./get_a.sql");
    app_unref(app);
}

static void the_file_for_the_store_stands_in_for_the_general_one(void **state)
{
    (void)state;
    app_dir_make("schema");
    app_dir_write("a.sql", GET_A);
    app_dir_write("a.sqlite.sql", "-- @endpoint GET /sqlite\n-- @answer\nSELECT 1;\n");
    app_dir_write("b.postgresql.sql", "-- this is not read by others");
    app_dir_write("schema/001_t.sqlite.sql", "-- lite");
    app_dir_write("schema/001_t.postgresql.sql", "-- post");
    app_dir_write("schema/002_u.sql", "-- both");
    struct app *app = app_dir_load(app_dir, "sqlite");
    assert_int_equal(app->endpoint_count, 1);
    assert_true(span_is(app->endpoints[0].path, "/sqlite"));
    assert_int_equal(app->migration_count, 2);
    assert_true(span_is(app->migrations[0].name, "001_t"));
    assert_true(span_is(app->migrations[0].sql, "-- lite"));
    app_unref(app);
}

static void migrations_are_in_the_order_of_their_numbers(void **state)
{
    (void)state;
    app_dir_make("schema");
    app_dir_write("a.sql", GET_A);
    app_dir_write("schema/1000_d.sql", "-- none");
    app_dir_write("schema/999_c.sql", "-- none");
    app_dir_write("schema/002_b.sql", "-- none");
    struct app *app = app_dir_load(app_dir, "sqlite");
    assert_true(span_is(app->migrations[0].name, "002_b"));
    assert_true(span_is(app->migrations[1].name, "999_c"));
    assert_true(span_is(app->migrations[2].name, "1000_d"));
    app_unref(app);
}

static void hidden_files_and_editors_leavings_are_passed_over(void **state)
{
    (void)state;
    app_dir_write("a.sql", GET_A);
    app_dir_write(".a.sql", "nonsense");
    app_dir_write(".#a.sql", "nonsense");
    app_dir_write("#a.sql#", "nonsense");
    app_dir_write("a.sql~", "nonsense");
    app_dir_write("a.sql.bak", "nonsense");
    app_dir_write("README.md", "nonsense");
    struct app *app = app_dir_load(app_dir, "sqlite");
    assert_int_equal(app->endpoint_count, 1);
    app_unref(app);
}

static void links_are_followed(void **state)
{
    (void)state;
    char to[512];
    app_dir_write("a.txt", GET_A);
    app_dir_path("a.sql", to);
    assert_int_equal(symlink("a.txt", to), 0);
    struct app *app = app_dir_load(app_dir, "sqlite");
    assert_int_equal(app->endpoint_count, 1);
    app_unref(app);
}

static void a_missing_folder_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(rmdir(app_dir), 0);
    app_dir_expect_errors(": the folder could not be opened: No such file or directory\n");
}

static void a_file_is_no_folder(void **state)
{
    (void)state;
    assert_int_equal(rmdir(app_dir), 0);
    FILE *file = fopen(app_dir, "wb");
    assert_non_null(file);
    fclose(file);
    app_dir_expect_errors(": is no folder, and an app is one: name that\n");
}

static void an_app_without_endpoints_is_an_error(void **state)
{
    (void)state;
    app_dir_expect_errors(": no endpoint in the folder; write one as a file such as get_rates.sql\n");
}

static void a_folder_whose_name_is_no_apps_name_is_an_error(void **state)
{
    (void)state;
    app_dir_write("a.sql", GET_A);
    char renamed[sizeof(app_dir)];
    snprintf(renamed, sizeof(renamed), "%s/Rate", app_dir_root);
    assert_int_equal(rename(app_dir, renamed), 0);
    strcpy(app_dir, renamed);
    app_dir_expect_errors(
        ": the folder's name \"Rate\" becomes the app's; use a-z, 0-9, _ and -, with a letter in front\n");
}

static void all_errors_of_all_files_come_at_once(void **state)
{
    (void)state;
    app_dir_make("schema");
    app_dir_write("a.sql", "-- @endpoint GET /a\n");
    app_dir_write("b.sql", GET_A);
    app_dir_write("c.sql", "-- @endpoint GET /c\n-- @param x int\n-- @answer\nSELECT :y, :x\n");
    app_dir_write_bytes("schema/001_t.sql", "a\0b", 3);
    app_dir_write("schema/002.sql", "-- none");
    app_dir_write("app.ini", "title\n[load]\nPOST /nowhere = b.txt\n");
    app_dir_expect_errors(
        "a.sql:1:4: no @answer; the endpoint needs a statement whose rows are its answer\n"
        "app.ini:1: no = on this line; write key = value\n"
        "app.ini:3: \"b.txt\" has to end in .csv, .tsv, .json or .ndjson\n"
        "c.sql:2:13: unknown type int; did you mean integer?\n"
        "c.sql:4:8: parameter :y is not declared; add a @param\n"
        "schema/001_t.sql:1:2: a NUL byte; the file has to be text, UTF-8\n"
        "schema/002.sql: the name has to be a number of 3 to 9 digits, _ and words, such as 001_tables.sql\n");
}

static void two_files_of_one_endpoint_are_both_named(void **state)
{
    (void)state;
    app_dir_write("a.sql", GET_A);
    app_dir_write("b.sql", "\n" GET_A);
    app_dir_write("c.sql", POST_B);
    app_dir_expect_errors("b.sql:2:4: GET /a is in a.sql already; change the method or the path of one\n");
}

static void an_unknown_store_in_a_name_is_an_error(void **state)
{
    (void)state;
    app_dir_write("a.sql", GET_A);
    app_dir_write("a.sqllite.sql", GET_A);
    app_dir_write("b..sql", GET_A);
    app_dir_expect_errors(
        "a.sqllite.sql: unknown store kind \"sqllite\" in the name; use .sqlite.sql, .postgresql.sql, or no other dot\n"
        "b..sql: unknown store kind \"\" in the name; use .sqlite.sql, .postgresql.sql, or no other dot\n");
}

static void files_that_cannot_be_read_are_errors(void **state)
{
    (void)state;
    char path[512];
    app_dir_make("a.sql");
    app_dir_path("b.sql", path);
    assert_int_equal(symlink("nowhere", path), 0);
    app_dir_path("c.sql", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    app_dir_path("app.ini", path);
    assert_int_equal(symlink("nowhere", path), 0);
    app_dir_expect_errors("a.sql: is not a file\n"
                          "app.ini: could not be opened: No such file or directory\n"
                          "b.sql: could not be opened: No such file or directory\n"
                          "c.sql: is not a file\n");
}

static void a_file_over_the_limit_is_an_error(void **state)
{
    (void)state;
    size_t len = LIMIT_APP_FILE_BYTES + 1;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, '\n', len);
    app_dir_write_bytes("a.sql", text, len);
    free(text);
    app_dir_expect_errors("a.sql: is larger than 1048576 bytes; split it\n");
}

static void migrations_of_one_number_are_both_named(void **state)
{
    (void)state;
    app_dir_make("schema");
    app_dir_write("a.sql", GET_A);
    app_dir_write("schema/001_a.sql", "-- none");
    app_dir_write("schema/001_b.sqlite.sql", "-- none");
    app_dir_write("schema/0001_c.sql", "-- none");
    app_dir_write("schema/12_d.sql", "-- none");
    app_dir_write("schema/tables.sql", "-- none");
    app_dir_write("schema/002_.sql", "-- none");
    app_dir_expect_errors(
        "schema/001_a.sql: 0001_c.sql has the number 1 already; take the next free one\n"
        "schema/001_b.sqlite.sql: 001_a.sql has the number 1 already; take the next free one\n"
        "schema/002_.sql: the name has to be a number of 3 to 9 digits, _ and words, such as 001_tables.sql\n"
        "schema/12_d.sql: the name has to be a number of 3 to 9 digits, _ and words, such as 001_tables.sql\n"
        "schema/tables.sql: the name has to be a number of 3 to 9 digits, _ and words, such as 001_tables.sql\n");
}

static void an_empty_migration_is_one_that_is_still_to_be_written(void **state)
{
    (void)state;
    app_dir_make("schema");
    app_dir_write("a.sql", GET_A);
    app_dir_write("schema/001_a.sql", "");
    app_dir_write("schema/002_b.sql", "-- nothing to do here");
    app_dir_write("schema/003_c.sql", " \r\n\t\n");
    app_dir_expect_errors(
        "schema/001_a.sql: the file is empty: write its statements, or a comment that says why "
        "there are none\n"
        "schema/003_c.sql: the file is empty: write its statements, or a comment that says why "
        "there are none\n");
}

static void every_bad_line_of_the_ini_is_told(void **state)
{
    (void)state;
    app_dir_write("a.sql", GET_A);
    app_dir_write("b.sql", POST_B);
    app_dir_write("c.sql", "-- @endpoint POST /c\n-- @param p text required\n-- @field x text\n-- @write\n"
                           "DELETE FROM t;\n-- @answer\nSELECT :p;\n");
    app_dir_write("d.sql", "-- @endpoint DELETE /d\n-- @write\nDELETE FROM t;\n-- @answer\nSELECT 1;\n");
    char ini[4000];
    char longest[250];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    snprintf(ini, sizeof(ini),
        "\xef\xbb\xbftitle = a\r\n"
        "title = b\n"
        "titel = c\n"
        "nothing\n"
        "title = %s\n"
        "[load\n"
        "[store]\n"
        "  url = x\n"
        "[load]\n"
        "POST /b = b.csv ; fine\n"
        "POST /b = b.csv\n"
        "POST /z = z.csv\n"
        "GET /a = a.csv\n"
        "POST /c = c.csv\n"
        "DELETE /d = d.csv\n"
        "POST/b = b.csv\n"
        "post /b = b.csv\n"
        "POST /b =\n"
        "POST /b = /etc/b.csv\n"
        "POST /b = x/../../b.csv\n"
        "POST /b = b.txt\n"
        "POST /b = .csv\n"
        "POST /b: b.json\n",
        longest);
    app_dir_write("app.ini", ini);
    app_dir_expect_errors(
        "app.ini:2: a second title; take one away\n"
        "app.ini:3: unknown key \"titel\"; did you mean title?\n"
        "app.ini:4: no = on this line; write key = value\n"
        "app.ini:5: the line is longer than 198 bytes\n"
        "app.ini:6: the section has no ]\n"
        "app.ini:8: unknown section [store]; known are [load], [watch], [reload], [hook], [access], [plan NAME], [jwt NAME], [cors] and [history]\n"
        "app.ini:11: the same load is on line 10; take one away\n"
        "app.ini:12: the app has no endpoint POST /z\n"
        "app.ini:13: GET /a does not write; a load needs an endpoint that does\n"
        "app.ini:14: POST /c has a required parameter, which a load cannot give\n"
        "app.ini:15: DELETE /d has no fields to load\n"
        "app.ini:16: POST/b is no endpoint; write POST /path = file.csv\n"
        "app.ini:17: post /b is no endpoint; write POST /path = file.csv\n"
        "app.ini:18: \"\" is no file's name\n"
        "app.ini:19: \"/etc/b.csv\" has to be relative to the data folder\n"
        "app.ini:20: \"x/../../b.csv\" may not leave the data folder by ..\n"
        "app.ini:21: \"b.txt\" has to end in .csv, .tsv, .json or .ndjson\n"
        "app.ini:22: \".csv\" has to end in .csv, .tsv, .json or .ndjson\n");
}

static void lines_of_watch_name_files_of_folders(void **state)
{
    (void)state;
    app_dir_write("b.sql", POST_B);
    app_dir_write("c.sql", "-- @endpoint PUT /c\n-- @field x text\n-- @write\nDELETE FROM t;\n"
                           "-- @answer\nSELECT 1;\n");
    app_dir_write("app.ini", "[watch]\nPOST /b = incoming/*.csv.gz\nPUT /c = /srv/drop box/c-[0-9].json\n");
    struct app *app = app_dir_load(app_dir, "sqlite");
    char folder[4096];
    snprintf(folder, sizeof(folder), "%s/incoming", app->dir);
    assert_int_equal(app->watch_line_count, 2);
    assert_string_equal(app->watch_lines[0].folder, folder);
    assert_string_equal(app->watch_lines[0].pattern, "*.csv.gz");
    assert_false(app->watch_lines[0].takes_repeats);
    assert_string_equal(app->watch_lines[1].folder, "/srv/drop box");
    assert_string_equal(app->watch_lines[1].pattern, "c-[0-9].json");
    assert_true(app->watch_lines[1].takes_repeats);
    app_unref(app);
    app_dir_write("app.ini", "[watch]\nrepeats = again\nPOST /b = /*.csv\n");
    app = app_dir_load(app_dir, "sqlite");
    assert_string_equal(app->watch_lines[0].folder, "/");
    assert_true(app->watch_lines[0].takes_repeats);
    app_unref(app);
}

static void every_bad_line_of_watch_is_told(void **state)
{
    (void)state;
    app_dir_write("a.sql", GET_A);
    app_dir_write("b.sql", POST_B);
    app_dir_write("app.ini", "[watch]\n"
                             "GET /a = in/*.csv\n"
                             "POST /z = in/*.csv\n"
                             "POST /b =\n"
                             "POST /b = *.csv\n"
                             "POST /b = data/*.csv\n"
                             "POST /b = in/../*.csv\n"
                             "POST /b = in/*/x.csv\n"
                             "POST /b = in/done/*.csv\n"
                             "POST /b = in/.*.csv\n"
                             "POST /b = in/*.report.json\n"
                             "POST /b = in/*\n"
                             "POST /b = \"in/*.csv\"\n"
                             "POST /b = in/*.csv\n"
                             "POST /b = in/*.csv\n"
                             "repeats = twice\n"
                             "repeats = once\n"
                             "repeat = once\n");
    app_dir_expect_errors(
        "app.ini:2: GET /a does not write; a load needs an endpoint that does\n"
        "app.ini:3: the app has no endpoint POST /z\n"
        "app.ini:4: \"\" names no files; write incoming/*.csv\n"
        "app.ini:5: \"*.csv\" names no folder; write incoming/*.csv\n"
        "app.ini:6: \"data/*.csv\" is in a folder that the app has for something else; use one such as incoming/\n"
        "app.ini:7: \"in/../*.csv\" may not have .. in it; write the whole path\n"
        "app.ini:8: \"in/*/x.csv\" may have *, ? and [ in its last part only\n"
        "app.ini:9: \"in/done/*.csv\" is where files go that were taken; name another folder\n"
        "app.ini:10: \"in/.*.csv\" would take files that begin with a dot, which somebody still writes\n"
        "app.ini:11: \"in/*.report.json\" would take reports of files that were rejected\n"
        "app.ini:12: \"in/*\" has to end in .csv, .tsv, .json or .ndjson, with .gz or .zst behind it where files are "
        "compressed\n"
        "app.ini:13: \"\"in/*.csv\"\" is in quotes: leave them out\n"
        "app.ini:15: the same files are on line 14; take one away\n"
        "app.ini:16: repeats can be once, where a file with the bytes of an earlier one is not written again, or again, "
        "and not \"twice\"\n"
        "app.ini:17: a second repeats; the first is on line 16\n"
        "app.ini:18: unknown key \"repeat\"; known in [watch] are repeats and endpoints, such as POST /prices\n");
    app_dir_write("app.ini", "[watch]\nrepeats = once\n");
    app_dir_expect_errors("app.ini:2: [watch] names no files; write POST /path = incoming/*.csv\n");
}

// It may have a section [access]: an app that does without would be open.
static void an_app_ini_that_cannot_be_looked_at_is_not_taken_for_none(void **state)
{
    (void)state;
    app_dir_write("a.sql", GET_A);
    app_dir_ini_errno = EIO;
    app_dir_expect_errors("app.ini: could not be opened: Input/output error\n");
    app_dir_ini_errno = ENOENT;
    struct app *app = app_dir_load(app_dir, "sqlite");
    app_dir_ini_errno = 0;
    app_unref(app);
}

// With a part of its files it would be another app.
static void a_folder_that_is_not_read_to_its_end_is_an_error(void **state)
{
    (void)state;
    app_dir_write("a.sql", GET_A);
    app_dir_make("schema");
    app_dir_unreadable = "/schema";
    app_dir_expect_errors("schema: the folder could not be read: Input/output error\n");
    app_dir_unreadable = "/rates";
    app_dir_expect_errors(": the folder could not be read: Input/output error\n");
}

static void lines_of_reload_name_a_file_and_a_time(void **state)
{
    (void)state;
    app_dir_write("b.sql", POST_B);
    app_dir_write("app.ini", "[reload]\nPOST /b = data/b.csv.gz\nat = 03:30\nquiet = 5min\n");
    struct app *app = app_dir_load(app_dir, "sqlite");
    char path[4096];
    snprintf(path, sizeof(path), "%s/data/b.csv.gz", app->dir);
    assert_int_equal(app->reload_line_count, 1);
    assert_string_equal(app->reload_lines[0].path, path);
    assert_string_equal(app->reload_lines[0].name, "POST /b = data/b.csv.gz");
    assert_int_equal(app->reload_times.at_s, 3 * 3600 + 30 * 60);
    assert_int_equal(app->reload_times.quiet_ms, 300000);
    app_unref(app);
    app_dir_write("app.ini", "[reload]\nPOST /b = /srv/b.csv\n");
    app = app_dir_load(app_dir, "sqlite");
    assert_string_equal(app->reload_lines[0].path, "/srv/b.csv");
    assert_int_equal(app->reload_times.at_s, -1);
    assert_int_equal(app->reload_times.quiet_ms, 0);
    app_unref(app);
}

// Messages cut what they show; a path may not be cut.
static void a_file_of_reload_may_have_a_long_path(void **state)
{
    (void)state;
    static const char file[] = "/srv/exchange/incoming/of-the-partner/all-of-its-prices-61.csv";
    assert_in_range(strlen(file), SHOWN_BYTES + 1, 100);
    app_dir_write("b.sql", POST_B);
    app_dir_write(
        "app.ini", "[reload]\nPOST /b = /srv/exchange/incoming/of-the-partner/all-of-its-prices-61.csv\n");
    struct app *app = app_dir_load(app_dir, "sqlite");
    assert_string_equal(app->reload_lines[0].path, file);
    assert_string_equal(app->reload_lines[0].name,
        "POST /b = /srv/exchange/incoming/of-the-partner/all-of-its-prices-61.csv");
    app_unref(app);
}

static void every_bad_line_of_reload_is_told(void **state)
{
    (void)state;
    app_dir_write("a.sql", GET_A);
    app_dir_write("b.sql", POST_B);
    app_dir_write("app.ini", "[reload]\n"
                             "GET /a = a.csv\n"
                             "POST /b =\n"
                             "POST /b = 'b.csv'\n"
                             "POST /b = ../b.csv\n"
                             "POST /b = b/*.csv\n"
                             "POST /b = b.xml\n"
                             "POST /b = b.csv\n"
                             "POST /b = c.csv\n"
                             "at = 3 o'clock\n"
                             "at = 04:00\n"
                             "quiet = 25h\n"
                             "quit = 30s\n");
    app_dir_expect_errors(
        "app.ini:2: GET /a does not write; a load needs an endpoint that does\n"
        "app.ini:3: \"\" names no file; write data/catalogue.csv\n"
        "app.ini:4: \"'b.csv'\" is in quotes: leave them out\n"
        "app.ini:5: \"../b.csv\" may not have .. in it; write the whole path\n"
        "app.ini:6: \"b/*.csv\" may have no *: a line names one file; files that come are for [watch]\n"
        "app.ini:7: \"b.xml\" has to end in .csv, .tsv, .json or .ndjson, with .gz or .zst behind it where the file is "
        "compressed\n"
        "app.ini:9: POST /b has a file on line 8 already; what replaces a table is one file\n"
        "app.ini:10: at has to be a time of the day, such as 03:00, and not \"3 o'clock\"\n"
        "app.ini:11: a second at; the first is on line 10\n"
        "app.ini:12: quiet has to be a time from 1s to 24h, such as 30s or 5min, and not \"25h\"\n"
        "app.ini:13: unknown key \"quit\"; known in [reload] are at, quiet and endpoints, such as PUT /catalogue\n");
    app_dir_write("app.ini", "[reload]\nquiet = 1s\n");
    app_dir_expect_errors("app.ini:2: [reload] names no file; write PUT /path = data/file.csv\n");
}

static void every_bad_line_of_a_history_is_told(void **state)
{
    (void)state;
    app_dir_write("a.sql", "-- @endpoint GET /a\n-- @answer\nSELECT 1;\n");
    app_dir_write("app.ini", "[history]\n"
                             "prices = day older 90\n"
                             "prices = day newer 90d\n"
                             "prices = day older 0d\n"
                             "prices = day older 36501d\n"
                             "prices =\n"
                             "prices = Day older 1d\n"
                             "Prices = day older 1d\n"
                             "reckoner_jobs = day older 1d\n"
                             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa = day older 1d\n"
                             "prices = day older 90d\n"
                             "prices = day older 80d\n");
#define NO_AGE(text)                                                                                         \
    "\"" text "\" is no age of rows; write prices = day older 90d, with the column of their date and 1 to "  \
    "36500 days\n"
    app_dir_expect_errors(
        "app.ini:2: " NO_AGE("day older 90") "app.ini:3: " NO_AGE("day newer 90d") "app.ini:4: " NO_AGE("day older 0d") "app.ini:5: " NO_AGE(
            "day older 36501d") "app.ini:6: " NO_AGE("") "app.ini:7: " NO_AGE("Day older 1d") "app.ini:8: \"Prices\" is no table's name that both stores know: a-z, 0-9 and _, with a letter in front\n"
                                                                                              "app.ini:9: \"reckoner_jobs\" is no table of the app's\n"
                                                                                              "app.ini:10: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" is too long a name for a table with an archive\n"
                                                                                              "app.ini:12: prices stands on line 11 already; take one away\n");
#undef NO_AGE
}

static void a_history_has_batches_of_postgresql_fetch_first(void **state)
{
    (void)state;
    app_dir_write("a.sql", "-- @endpoint POST /a\n-- @field day date\n-- @write\nDELETE FROM t;\n-- @write\n"
                           "INSERT INTO \"prices\" SELECT day FROM batch;\n-- @answer\nSELECT 1;\n");
    app_dir_write("b.sql", "-- @endpoint POST /b\n-- @field day date\n-- @write\n"
                           "INSERT INTO t SELECT 'prices' FROM batch;\n-- @answer\nSELECT 1;\n");
    app_dir_write("app.ini", "[history]\nprices = day older 90d\n");
    struct app *app = app_dir_load(app_dir, "postgresql");
    assert_int_equal(app->history_count, 1);
    assert_int_equal(app->histories[0].days, 90);
    assert_int_equal(app->endpoints[0].statement_count, 4);
    assert_true(span_is(app->endpoints[0].statements[0].sql,
        "INSERT INTO reckoner_history (table_name, day_column) SELECT '', '' WHERE reckoner_history_prices_fetch()"));
    assert_true(span_is(app->endpoints[0].statements[1].sql, "DELETE FROM t"));
    assert_int_equal(app->endpoints[1].statement_count, 2);
    app_unref(app);
    app = app_dir_load(app_dir, "sqlite");
    assert_int_equal(app->endpoints[0].statement_count, 3);
    app_unref(app);
}

static void access_and_plans_of_the_ini_hold_for_endpoints(void **state)
{
    (void)state;
    app_dir_write("a.sql", "-- @endpoint GET /a\n-- @answer\nSELECT 1;\n");
    app_dir_write("b.sql", "-- @endpoint GET /b\n-- @access open\n-- @answer\nSELECT 1;\n");
    app_dir_write("app.ini", "[access]\ndefault = key\nplan = gold\nopen_plan = free\nquery = key\n"
                             "[plan free]\nrequests = 10/minute\n"
                             "[plan gold]\nrequests = 100/second, 1000000/day\nconcurrent = 8\n");
    struct app *app = app_dir_load(app_dir, "sqlite");
    assert_int_equal(app->endpoints[0].access.kind, ACCESS_KEY);
    assert_int_equal(app->endpoints[1].access.kind, ACCESS_OPEN);
    assert_true(app->access.wants_keys);
    assert_true(app->access.is_metered);
    assert_true(span_is(app->access.query, "key"));
    assert_ptr_equal(app->access.key_quota, &app->quotas[1]);
    assert_ptr_equal(app->access.open_quota, &app->quotas[0]);
    assert_int_equal(app->quotas[1].count, 3);
    app_unref(app);
}

static void no_parameter_is_called_as_the_one_that_may_hold_a_key(void **state)
{
    (void)state;
    app_dir_write("a.sql", "-- @endpoint GET /a\n-- @param d date name \"day\"\n-- @answer\nSELECT :d;\n");
    app_dir_write("app.ini", "[access]\nquery = day\n");
    app_dir_expect_errors("app.ini:2: GET /a has a parameter day of its own; let keys have another one\n");
    app_dir_write("app.ini", "[access]\nquery = format\n");
    app_dir_expect_errors(
        "app.ini:2: \"format\" cannot be the name of a parameter that holds a key; write query = key\n");
}

static void an_app_without_access_looks_at_no_key(void **state)
{
    (void)state;
    app_dir_write("a.sql", "-- @endpoint GET /a\n-- @answer\nSELECT 1;\n");
    struct app *app = app_dir_load(app_dir, "sqlite");
    assert_false(app->access.wants_keys);
    assert_false(app->access.is_metered);
    app_unref(app);
    app_dir_write("b.sql", "-- @endpoint GET /b\n-- @access key\n-- @answer\nSELECT 1;\n");
    app = app_dir_load(app_dir, "sqlite");
    assert_true(app->access.wants_keys);
    app_unref(app);
    app_dir_write("app.ini", "[access]\nusage = off\n");
    app = app_dir_load(app_dir, "sqlite");
    assert_false(app->access.is_metered);
    assert_false(app->access.takes_certificates);
    app_unref(app);
    app_dir_write("app.ini", "[access]\ncertificate = on\n");
    app = app_dir_load(app_dir, "sqlite");
    assert_true(app->access.takes_certificates && app->access.wants_keys);
    app_unref(app);
    app_dir_write("app.ini", "[access]\ncertificate = yes\ncertificate = on\n");
    app_dir_expect_errors("app.ini:2: certificate can be on or off, and not \"yes\"\n"
                          "app.ini:3: a second certificate; the first is on line 2\n");
}

static void every_bad_line_of_access_is_told(void **state)
{
    (void)state;
    app_dir_write(
        "a.sql", "-- @endpoint GET /a\n-- @claim tenant text required\n-- @answer\nSELECT :tenant;\n");
    app_dir_write("app.ini",
        "[access]\ndefault = keys\ndefault = key\nplan = golf\nopen_plan = none\nquery = X-Key\n"
        "usage = yes\nqery = key\nkeys = 1\n[plan gold]\nrequests = 0/day\n[plan gold]\nrows = 1/day\n"
        "[plan Big]\nrows = 1/day\n[plan]\nrows = 1/day\n[acces]\ndefault = key\n");
    app_dir_expect_errors(
        "a.sql:2:11: the claim tenant is required, and the endpoint is open to those without a key; add @access key\n"
        "app.ini:2: default can be open or key, and not \"keys\"; endpoints say more by @access\n"
        "app.ini:3: a second default; the first is on line 2\n"
        "app.ini:4: there is no [plan golf]; did you mean gold?\n"
        "app.ini:5: there is no [plan none]; write one, with a line such as requests = 100/minute\n"
        "app.ini:6: \"X-Key\" cannot be the name of a parameter that holds a key; write query = key\n"
        "app.ini:7: usage can be on or off, and not \"yes\"\n"
        "app.ini:8: unknown key \"qery\"; did you mean query?\n"
        "app.ini:9: unknown key \"keys\"; known in [access] are default, plan, open_plan, query, usage and "
        "certificate\n"
        "app.ini:11: 0 requests would let nothing through; allow at least one, or take the line away\n"
        "app.ini:13: a second [plan gold]; put all of its lines into one\n"
        "app.ini:15: [plan Big] needs the plan's name, of small letters, digits and _: [plan gold]\n"
        "app.ini:17: [plan] needs the plan's name, of small letters, digits and _: [plan gold]\n"
        "app.ini:19: unknown section [acces]; did you mean [access]?\n");
}

static void issuers_of_tokens_are_sections_of_the_ini(void **state)
{
    (void)state;
    app_dir_write("a.sql", "-- @endpoint GET /a\n-- @answer\nSELECT 1;\n");
    app_dir_write("app.ini", "[jwt acme]\nissuer = https://a.example\naudience = api\nkeys = acme.json\n"
                             "[jwt north]\nkeys = https://n.example/keys\nissuer = https://n.example\n"
                             "audience = api\nalgorithms = EdDSA\n");
    struct app *app = app_dir_load(app_dir, "sqlite");
    assert_true(app->access.wants_keys);
    assert_int_equal(app->access.issuer_count, 2);
    assert_true(span_is(app->access.issuers[0].name, "acme"));
    assert_true(span_is(app->access.issuers[0].client, "sub"));
    assert_int_equal(app->access.issuers[1].algorithms, TOKEN_EDDSA);
    app_unref(app);
}

static void every_bad_issuer_is_told(void **state)
{
    (void)state;
    app_dir_write("a.sql", "-- @endpoint GET /a\n-- @answer\nSELECT 1;\n");
    app_dir_write("app.ini", "[jwt acme]\nissuer = https://a\n"
                             "[jwt]\nissuer = b\nkeys = c\n"
                             "[jwt acme]\nissuer = b\n"
                             "[jwt bad]\nkeys = http://x.example\nsecret = s\n"
                             "[jwt one]\nissuer = i\naudience = a\nkeys = k\n"
                             "[jwt two]\nissuer = i\naudience = a\nkeys = k\n"
                             "[jtw x]\nissuer = i\n"
                             "[plan gold]\nrequests = 1/day\n"
                             "[jwt planned]\nissuer = p\naudience = a\nkeys = k\nplan = golf\n"
                             "[jwt last]\nissuer = l\n");
    app_dir_expect_errors(
        "app.ini:2: [jwt acme] needs a line audience, the \"aud\" of tokens that are meant for this app\n"
        "app.ini:4: [jwt] needs a name, of small letters, digits and _: [jwt acme]\n"
        "app.ini:7: a second [jwt acme]; put all of its lines into one\n"
        "app.ini:9: \"http://x.example\" is no https:// URL, and who can change the keys on their way can make "
        "tokens\n"
        "app.ini:10: unknown key \"secret\"; known in [jwt NAME] are issuer, audience, keys, algorithms, client, "
        "scopes and plan\n"
        "app.ini:16: [jwt two] has the issuer of [jwt one]; take one of them away\n"
        "app.ini:20: unknown section [jtw x]; did you mean [jwt NAME]?\n"
        "app.ini:24: there is no [plan golf]; did you mean gold?\n"
        "app.ini:29: [jwt last] needs a line audience, the \"aud\" of tokens that are meant for this app\n");
}

static void a_misspelt_line_of_the_ini_says_what_was_meant(void **state)
{
    (void)state;
    app_dir_write("b.sql", POST_B);
    app_dir_write("app.ini", "Title = a\nPOST /b = b.csv\n[laod]\nPOST /b = b.csv\n");
    app_dir_expect_errors("app.ini:1: unknown key \"Title\"; did you mean title?\n"
                          "app.ini:2: POST /b stands in front of [load]; put a line [load] above it\n"
                          "app.ini:4: unknown section [laod]; did you mean [load]?\n");
}

static void an_app_can_have_none_of_its_answers_kept(void **state)
{
    (void)state;
    app_dir_write("a.sql", GET_A);
    struct app *app = app_dir_load(app_dir, "sqlite");
    assert_true(app->endpoints[0].is_kept);
    app_unref(app);
    app_dir_write("app.ini", "cache = off\n");
    app = app_dir_load(app_dir, "sqlite");
    assert_false(app->endpoints[0].is_kept);
    app_unref(app);
    app_dir_write("app.ini", "cache = on\ncache = off\ncahce = off\nstore = x\n[cache]\noff = 1\n");
    app_dir_expect_errors("app.ini:1: cache can be off, and not \"on\"; without the line answers are kept "
                          "while they hold\n"
                          "app.ini:2: a second cache; take one away\n"
                          "app.ini:3: unknown key \"cahce\"; did you mean cache?\n"
                          "app.ini:4: unknown key \"store\"; known are title and cache\n"
                          "app.ini:6: there is no section [cache]; write cache = off in front of [load]\n");
}

static void what_is_nearly_read_is_told(void **state)
{
    (void)state;
    app_dir_write("a.sql", GET_A);
    app_dir_write("b.SQL", GET_A);
    app_dir_write("c.sql.txt", GET_A);
    app_dir_write("d.slq", GET_A);
    app_dir_write("a.sql.bak", GET_A);
    app_dir_write("a.sql.new", GET_A);
    app_dir_write("App.ini", "title = a\n");
    app_dir_write("e.http", "");
    static const char *const dirs[] = {"endpoints", ".later", "notes", "Data", "pubic", "migrations", "test",
        "schema", "schema/old", "tests", "tests/more"};
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
        app_dir_make(dirs[i]);
    app_dir_write("endpoints/a.sql", GET_A);
    app_dir_write(".later/a.sql", GET_A);
    app_dir_write("notes/a.txt", "");
    app_dir_write("Data/a.csv", "");
    app_dir_write("pubic/a.html", "");
    app_dir_write("migrations/001_a.sql", "");
    app_dir_write("test/a.http", "");
    app_dir_write("schema/001_t.SQL", "");
    app_dir_write("schema/old/001_t.sql", "");
    app_dir_write("tests/a.HTTP", "");
    app_dir_write("tests/more/a.http", "");
    app_dir_expect_errors(
        "App.ini: is not read; did you mean app.ini?\n"
        "Data: is not read; did you mean data/?\n"
        "b.SQL: is not read: its name has to end in .sql\n"
        "c.sql.txt: is not read: its name has to end in .sql\n"
        "d.slq: is not read: its name has to end in .sql\n"
        "e.http: is not read; put it into tests/\n"
        "endpoints: holds .sql files, which are not read there: move them up, or put a dot in front "
        "of the folder\'s name\n"
        "migrations: is not read; did you mean schema/?\n"
        "pubic: is not read; did you mean public/?\n"
        "schema/001_t.SQL: is not read: its name has to end in .sql\n"
        "schema/old: holds .sql files, which are not read there: move them up, or put a dot in front "
        "of the folder\'s name\n"
        "test: is not read; did you mean tests/?\n"
        "tests/a.HTTP: is not read: its name has to end in .http\n"
        "tests/more: holds .http files, which are not read there: move them up, or put a dot in front "
        "of the folder\'s name\n");
}

static void an_empty_title_is_an_error(void **state)
{
    (void)state;
    app_dir_write("a.sql", GET_A);
    app_dir_write("app.ini", "title =\n");
    app_dir_expect_errors("app.ini:1: the title is empty; write title = Freight rates\n");
}

static void an_app_over_its_memory_is_an_error(void **state)
{
    (void)state;
    size_t len = LIMIT_APP_FILE_BYTES;
    char *text = malloc(len), name[32];
    assert_non_null(text);
    memset(text, '\n', len);
    for (int i = 0; i < 70; i++) {
        memcpy(text, GET_A, strlen(GET_A));
        snprintf(name, sizeof(name), "%d.sql", i);
        app_dir_write_bytes(name, text, len);
    }
    free(text);
    struct diags diags;
    struct app *app = NULL;
    struct err err = {0};
    diags_init(&diags);
    assert_int_equal(app_read(app_dir, "sqlite", &diags, &app, &err), ERR_CONFIG);
    assert_string_equal(diags.items[diags.count - 1].text,
        "the app's files need more than 67108864 bytes of memory; split the app");
    app_unref(app);
    diags_fini(&diags);
}

static void paths_that_differ_in_names_alone_are_one_endpoint(void **state)
{
    (void)state;
    app_dir_write("a.sql", "-- @endpoint GET /a/{x}/b\n-- @param x text\n-- @answer\nSELECT :x;\n");
    app_dir_write("b.sql", "-- @endpoint GET /a/{y}/b\n-- @param y text\n-- @answer\nSELECT :y;\n");
    app_dir_write("c.sql", "-- @endpoint GET /a/b/{y}\n-- @param y text\n-- @answer\nSELECT :y;\n");
    app_dir_write("d.sql", "-- @endpoint GET /a/b/b\n-- @answer\nSELECT 1;\n");
    app_dir_write("e.sql", "-- @endpoint DELETE /a/{z}/b\n-- @param z text\n-- @write\nDELETE FROM t;\n"
                           "-- @answer\nSELECT :z;\n");
    app_dir_expect_errors(
        "b.sql:1:4: GET /a/{x}/b is in a.sql already; change the method or the path of one\n");
}

static void paths_that_differ_in_a_literal_are_two_endpoints(void **state)
{
    (void)state;
    app_dir_write("a.sql", "-- @endpoint GET /a/{x}\n-- @param x text\n-- @answer\nSELECT :x;\n");
    app_dir_write("b.sql", "-- @endpoint GET /a/b\n-- @answer\nSELECT 1;\n");
    app_dir_write("c.sql", "-- @endpoint GET /{a}/b\n-- @param a text\n-- @answer\nSELECT :a;\n");
    app_dir_write("d.sql", "-- @endpoint GET /{a}\n-- @param a text\n-- @answer\nSELECT :a;\n");
    app_dir_write("e.sql", "-- @endpoint DELETE /a/{z}\n-- @param z text\n-- @write\nDELETE FROM t;\n"
                           "-- @answer\nSELECT :z;\n");
    struct app *app = app_dir_load(app_dir, "sqlite");
    assert_int_equal(app->endpoint_count, 5);
    assert_non_null(app_find(app, HTTP_GET, span_of("/a/{x}")));
    assert_null(app_find(app, HTTP_GET, span_of("/a/{z}")));
    assert_non_null(app_find(app, HTTP_DELETE, span_of("/a/{z}")));
    app_unref(app);
}

static void a_private_endpoint_can_be_loaded_and_one_with_a_path_parameter_cannot(void **state)
{
    (void)state;
    app_dir_write("a.sql", "-- @endpoint POST /a\n-- @private\n-- @field x text\n-- @write\nDELETE FROM t;\n"
                           "-- @answer\nSELECT 1;\n");
    app_dir_write("app.ini", "[load]\nPOST /a = a.csv\n");
    struct app *app = app_dir_load(app_dir, "sqlite");
    assert_int_equal(app->first_load_count, 1);
    assert_true(app->first_loads[0].endpoint->is_private);
    app_unref(app);
    app_dir_write("b.sql", "-- @endpoint PUT /b/{z}\n-- @param z text\n-- @field x text\n-- @write\n"
                           "DELETE FROM t WHERE :z;\n-- @answer\nSELECT 1;\n");
    app_dir_write("app.ini", "[load]\nPUT /b/{z} = b.csv\n");
    app_dir_expect_errors("app.ini:2: PUT /b/{z} has a parameter in its path, which a load cannot give\n");
}

static void the_last_reference_frees(void **state)
{
    (void)state;
    app_dir_write("a.sql", GET_A);
    struct app *app = app_dir_load(app_dir, "sqlite");
    assert_ptr_equal(app_ref(app), app);
    app_unref(app);
    assert_string_equal(app->name, "rates"); // else the sanitizer speaks
    app_unref(app);
}

static void without_memory_loading_says_so_and_leaks_nothing(void **state)
{
    (void)state;
    app_dir_make("schema");
    app_dir_write("get_a.sql", GET_A);
    app_dir_write("post_b.sql", POST_B);
    app_dir_write("schema/001_tables.sql", "CREATE TABLE t (x);\n");
    app_dir_write("app.ini",
        "title = Rates\n[load]\nPOST /b = b.csv\n[cors]\norigins = *\nheaders = X-One\nexpose = X-Two\n");
    app_dir_make("public");
    app_dir_make("public/x");
    app_dir_write("public/x/a.html", "");
    bool done = false;
    int failures = 0;
    for (long n = 0; !done; n++) {
        struct diags diags;
        struct app *app = NULL;
        struct err err = {0};
        diags_init(&diags);
        mem_fail_after(n);
        enum err_code code = app_read(app_dir, "sqlite", &diags, &app, &err);
        mem_fail_after(-1);
        done = code == ERR_NONE;
        if (!done) {
            assert_int_equal(code, ERR_NO_MEMORY);
            assert_string_equal(err.text, "out of memory");
            assert_null(app);
            failures++;
        } else {
            assert_true(span_ends_with(app->cors.headers, ", X-One"));
            assert_non_null(strstr(app->cors.for_all, ", X-Two\r\n"));
        }
        app_unref(app);
        diags_fini(&diags);
    }
    assert_true(failures > 2);
    app_unref(NULL); // is fine
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        APP_DIR_TEST(a_whole_app_is_loaded),
        APP_DIR_TEST(an_endpoint_is_found_by_method_and_path),
        APP_DIR_TEST(an_app_needs_neither_ini_nor_schema),
        APP_DIR_TEST(the_folder_that_one_is_in_has_its_name),
        APP_DIR_TEST(the_file_for_the_store_stands_in_for_the_general_one),
        APP_DIR_TEST(migrations_are_in_the_order_of_their_numbers),
        APP_DIR_TEST(hidden_files_and_editors_leavings_are_passed_over),
        APP_DIR_TEST(links_are_followed),
        APP_DIR_TEST(a_missing_folder_is_an_error),
        APP_DIR_TEST(a_file_is_no_folder),
        APP_DIR_TEST(an_app_without_endpoints_is_an_error),
        APP_DIR_TEST(a_folder_whose_name_is_no_apps_name_is_an_error),
        APP_DIR_TEST(all_errors_of_all_files_come_at_once),
        APP_DIR_TEST(two_files_of_one_endpoint_are_both_named),
        APP_DIR_TEST(an_unknown_store_in_a_name_is_an_error),
        APP_DIR_TEST(files_that_cannot_be_read_are_errors),
        APP_DIR_TEST(a_file_over_the_limit_is_an_error),
        APP_DIR_TEST(migrations_of_one_number_are_both_named),
        APP_DIR_TEST(an_empty_migration_is_one_that_is_still_to_be_written),
        APP_DIR_TEST(every_bad_line_of_the_ini_is_told),
        APP_DIR_TEST(lines_of_watch_name_files_of_folders),
        APP_DIR_TEST(every_bad_line_of_watch_is_told),
        APP_DIR_TEST(an_app_ini_that_cannot_be_looked_at_is_not_taken_for_none),
        APP_DIR_TEST(a_folder_that_is_not_read_to_its_end_is_an_error),
        APP_DIR_TEST(lines_of_reload_name_a_file_and_a_time),
        APP_DIR_TEST(a_file_of_reload_may_have_a_long_path),
        APP_DIR_TEST(every_bad_line_of_reload_is_told),
        APP_DIR_TEST(every_bad_line_of_a_history_is_told),
        APP_DIR_TEST(a_history_has_batches_of_postgresql_fetch_first),
        APP_DIR_TEST(access_and_plans_of_the_ini_hold_for_endpoints),
        APP_DIR_TEST(no_parameter_is_called_as_the_one_that_may_hold_a_key),
        APP_DIR_TEST(an_app_without_access_looks_at_no_key),
        APP_DIR_TEST(every_bad_line_of_access_is_told),
        APP_DIR_TEST(issuers_of_tokens_are_sections_of_the_ini),
        APP_DIR_TEST(every_bad_issuer_is_told),
        APP_DIR_TEST(a_misspelt_line_of_the_ini_says_what_was_meant),
        APP_DIR_TEST(an_app_can_have_none_of_its_answers_kept),
        APP_DIR_TEST(what_is_nearly_read_is_told),
        APP_DIR_TEST(an_empty_title_is_an_error),
        APP_DIR_TEST(an_app_over_its_memory_is_an_error),
        APP_DIR_TEST(paths_that_differ_in_names_alone_are_one_endpoint),
        APP_DIR_TEST(paths_that_differ_in_a_literal_are_two_endpoints),
        APP_DIR_TEST(a_private_endpoint_can_be_loaded_and_one_with_a_path_parameter_cannot),
        APP_DIR_TEST(the_last_reference_frees),
        APP_DIR_TEST(without_memory_loading_says_so_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
