// SPDX-License-Identifier: Apache-2.0
// Files that are edited while a server runs.
#include "serve/reload.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "site.h"

static const char NOT_FOUND[] = "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                                "\"detail\":\"no endpoint has this path\"}\n";
static const char IN_FORCE[] = "what was edited is in force";
static const char NOT_IN_FORCE[] = "what was edited is not in force: what was served before stays";

// An endpoint GET `path` whose answer is the text `answer`.
static void write_endpoint(
    struct site *site, size_t app, const char *name, const char *path, const char *answer)
{
    char text[500];
    snprintf(text, sizeof(text), "-- @endpoint GET %s\n-- @shape text\n-- @answer\nSELECT '%s' AS t;\n", path,
        answer);
    site_write(site, app, name, text);
}

static void an_edit_is_seen_by_the_next_request(void **state)
{
    (void)state;
    AUTO(site_fini) struct site site;
    site_init(&site);
    write_endpoint(&site, 0, "get_a.sql", "/a", "first");
    site_serve(&site, true);
    site_expect(&site, "/a", 200, "first");
    for (int i = 0; i < 20; i++) {
        char answer[20];
        snprintf(answer, sizeof(answer), "edit %d", i);
        write_endpoint(&site, 0, "get_a.sql", "/a", answer);
        site_expect(&site, "/a", 200, answer);
    }
    write_endpoint(&site, 0, "get_b.sql", "/b", "new");
    site_expect(&site, "/b", 200, "new");
    site_remove(&site, 0, "get_a.sql");
    site_expect(&site, "/a", 404, NOT_FOUND);
    site_wait_for_log(&site, IN_FORCE);
}

static void an_edit_is_read_without_a_request_too(void **state)
{
    (void)state;
    AUTO(site_fini) struct site site;
    site_init(&site);
    write_endpoint(&site, 0, "get_a.sql", "/a", "first");
    site_serve(&site, true);
    site_write(&site, 0, "get_a.sql", "-- @endpoint GET /a\n-- @answer\nSELECT absent AS a;\n");
    site_wait_for_log(&site, "/one/get_a.sql:3:8: no such column: absent");
}

static void a_broken_edit_changes_nothing_and_is_told_once(void **state)
{
    (void)state;
    AUTO(site_fini) struct site site;
    site_init(&site);
    write_endpoint(&site, 0, "get_a.sql", "/a", "first");
    site_serve(&site, true);
    site_expect(&site, "/a", 200, "first"); // all has been read once, so that no such reading meets the edit
    site_write(&site, 0, "get_a.sql", "-- @endpoint GET /a\n-- @nonsense\n-- @answer\nSELECT 1 AS a;\n");
    for (int i = 0; i < 3; i++)
        site_expect(&site, "/a", 200, "first");
    site_wait_for_log(&site, NOT_IN_FORCE);
    assert_int_equal(site_count_in_log(&site, "/one/get_a.sql:2:"), 1);
    assert_int_equal(site_count_in_log(&site, NOT_IN_FORCE), 1);
    assert_int_equal(site_count_in_log(&site, IN_FORCE), 0);
    write_endpoint(&site, 0, "get_a.sql", "/a", "second");
    site_expect(&site, "/a", 200, "second");
    site_wait_for_log(&site, IN_FORCE);
    assert_int_equal(site_count_in_log(&site, NOT_IN_FORCE), 1);
}

static void new_schema_files_are_applied_and_changed_ones_refused(void **state)
{
    (void)state;
    AUTO(site_fini) struct site site;
    site_init(&site);
    site_mkdir(&site, 0, "schema");
    site_write(&site, 0, "schema/001_t.sql", "CREATE TABLE t (a integer);\n");
    site_write(&site, 0, "get_a.sql",
        "-- @endpoint GET /a\n-- @shape text\n-- @answer\nSELECT count(*) AS n FROM t;\n");
    site_write(&site, 0, "post_a.sql",
        "-- @endpoint POST /a\n-- @field a integer\n-- @write\nINSERT INTO t (a) SELECT a FROM batch;\n"
        "-- @answer 201\nSELECT count(*) AS n FROM batch;\n");
    site_serve(&site, true);
    site_expect(&site, "/a", 200, "0");
    site_write(&site, 0, "schema/002_u.sql", "ALTER TABLE t ADD COLUMN b integer DEFAULT 7;\n");
    site_write(&site, 0, "get_a.sql",
        "-- @endpoint GET /a\n-- @shape text\n-- @answer\nSELECT total(b) AS n FROM t;\n");
    struct answer answer = site_ask(&site, "POST", "/a", "Content-Type: application/json\r\n", "{\"a\":1}");
    assert_int_equal(answer.status, 201);
    answer_fini(&answer);
    site_expect(&site, "/a", 200, "7.0");
    site_write(&site, 0, "schema/001_t.sql", "CREATE TABLE t (a text);\n");
    site_expect(&site, "/a", 200, "7.0");
    site_wait_for_log(&site, "/one/schema/001_t.sql has changed since it was applied");
}

static void writes_follow_an_edit_too(void **state)
{
    (void)state;
    AUTO(site_fini) struct site site;
    site_init(&site);
    site_mkdir(&site, 0, "schema");
    site_write(&site, 0, "schema/001_t.sql", "CREATE TABLE t (a integer);\n");
    write_endpoint(&site, 0, "get_a.sql", "/a", "");
    site_serve(&site, true);
    for (int i = 1; i < 10; i++) {
        char text[500], expected[100];
        snprintf(text, sizeof(text),
            "-- @endpoint POST /a\n-- @field a integer\n-- @shape text\n-- @write\n"
            "INSERT INTO t SELECT a * %d FROM batch;\n-- @answer 201\nSELECT max(a) AS m FROM t;\n",
            i);
        site_write(&site, 0, "post_a.sql", text);
        struct answer answer =
            site_ask(&site, "POST", "/a", "Content-Type: application/json\r\n", "{\"a\":10}");
        snprintf(expected, sizeof(expected), "%d", 10 * i);
        assert_int_equal(answer.status, 201);
        assert_string_equal(answer.body, expected);
        answer_fini(&answer);
    }
}

static void files_of_public_come_and_go(void **state)
{
    (void)state;
    AUTO(site_fini) struct site site;
    site_init(&site);
    write_endpoint(&site, 0, "get_a.sql", "/a", "first");
    site_serve(&site, true);
    site_expect(&site, "/x/y/z.txt", 404, NOT_FOUND);
    site_mkdir(&site, 0, "public");
    site_mkdir(&site, 0, "public/x");
    site_mkdir(&site, 0, "public/x/y");
    site_write(&site, 0, "public/x/y/z.txt", "here");
    site_expect(&site, "/x/y/z.txt", 200, "here");
    site_remove(&site, 0, "public/x/y/z.txt");
    site_expect(&site, "/x/y/z.txt", 404, NOT_FOUND);
    site_write(&site, 0, "public/x/y/.hidden", "hidden");
    site_expect(&site, "/x/y/.hidden", 404, NOT_FOUND);
}

static void a_clash_ends_when_the_other_app_gives_way(void **state)
{
    (void)state;
    AUTO(site_fini) struct site site;
    site_init(&site);
    write_endpoint(&site, 0, "get_a.sql", "/a", "one");
    write_endpoint(&site, 1, "get_b.sql", "/b", "two");
    write_endpoint(&site, 1, "get_c.sql", "/c", "two");
    site_serve(&site, true);
    write_endpoint(&site, 0, "get_b.sql", "/b", "one");
    site_expect(&site, "/b", 200, "two");
    site_wait_for_log(&site, "GET /b is claimed by both");
    site_remove(&site, 1, "get_b.sql");
    site_expect(&site, "/b", 200, "one");
    write_endpoint(&site, 1, "get_a.sql", "/a", "two"); // both at once, the taker first
    site_remove(&site, 0, "get_a.sql");
    site_expect(&site, "/a", 200, "two");
}

static void an_app_whose_folder_was_away_is_found_again(void **state)
{
    (void)state;
    AUTO(site_fini) struct site site;
    site_init(&site);
    write_endpoint(&site, 0, "get_a.sql", "/a", "first");
    site_serve(&site, true);
    char away[2 * SITE_PATH_BYTES];
    snprintf(away, sizeof(away), "%s.away", site.app_dirs[0]);
    assert_int_equal(rename(site.app_dirs[0], away), 0);
    site_expect(&site, "/a", 200, "first");
    site_wait_for_log(&site, NOT_IN_FORCE);
    assert_int_equal(rename(away, site.app_dirs[0]), 0);
    write_endpoint(&site, 0, "get_a.sql", "/a", "second");
    site_expect(&site, "/a", 200, "second");
    write_endpoint(&site, 0, "get_a.sql", "/a", "third");
    site_expect(&site, "/a", 200, "third");
}

// --- under load

struct reader_thread {
    struct site *site;      // borrowed
    atomic_int *latest;     // finished edits: no later request may see an older one
    atomic_bool *done;      //
    pthread_t thread;       //
    unsigned long requests; // answered
};

static void *read_on(void *arg)
{
    struct reader_thread *reader = arg;
    while (!atomic_load(reader->done)) {
        int finished = atomic_load(reader->latest);
        struct answer answer = site_ask(reader->site, "GET", "/a", "", NULL);
        if (answer.status != 200 || atoi(answer.body) < finished)
            return arg;
        answer_fini(&answer);
        reader->requests++;
    }
    return NULL;
}

static void no_request_is_lost_and_none_sees_an_older_edit(void **state)
{
    (void)state;
    enum { READERS = 3, EDITS = 60 };
    AUTO(site_fini) struct site site;
    site_init(&site);
    write_endpoint(&site, 0, "get_a.sql", "/a", "0");
    site_serve(&site, true);
    atomic_int latest = 0;
    atomic_bool done = false;
    struct reader_thread readers[READERS];
    for (int i = 0; i < READERS; i++) {
        readers[i] = (struct reader_thread){.site = &site, .latest = &latest, .done = &done};
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
    }
    for (int i = 1; i <= EDITS; i++) {
        char answer[20];
        snprintf(answer, sizeof(answer), "%d", i);
        write_endpoint(&site, 0, "get_a.sql", "/a", answer);
        atomic_store(&latest, i);
        if (i % 3 == 0)
            site_expect(&site, "/a", 200, answer);
    }
    atomic_store(&done, true);
    for (int i = 0; i < READERS; i++) {
        void *failed;
        pthread_join(readers[i].thread, &failed);
        assert_null(failed);
        assert_true(readers[i].requests > 0);
    }
}

static void *ask_until_refused(void *arg)
{
    struct answer answer = site_ask(arg, "GET", "/a", "", NULL);
    void *failed = answer.status == 200 ? NULL : arg;
    answer_fini(&answer);
    return failed;
}

static void a_server_that_stops_answers_those_that_wait(void **state)
{
    (void)state;
    enum { ASKERS = 4 };
    AUTO(site_fini) struct site site;
    site_init(&site);
    write_endpoint(&site, 0, "get_a.sql", "/a", "0");
    site_serve(&site, true);
    write_endpoint(&site, 0, "get_a.sql", "/a", "1");
    pthread_t threads[ASKERS];
    for (int i = 0; i < ASKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_until_refused, &site), 0);
    for (int i = 0; i < ASKERS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edit_is_seen_by_the_next_request),
        cmocka_unit_test(an_edit_is_read_without_a_request_too),
        cmocka_unit_test(a_broken_edit_changes_nothing_and_is_told_once),
        cmocka_unit_test(new_schema_files_are_applied_and_changed_ones_refused),
        cmocka_unit_test(writes_follow_an_edit_too),
        cmocka_unit_test(files_of_public_come_and_go),
        cmocka_unit_test(a_clash_ends_when_the_other_app_gives_way),
        cmocka_unit_test(an_app_whose_folder_was_away_is_found_again),
        cmocka_unit_test(no_request_is_lost_and_none_sees_an_older_edit),
        cmocka_unit_test(a_server_that_stops_answers_those_that_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
