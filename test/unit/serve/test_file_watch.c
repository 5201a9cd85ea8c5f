// SPDX-License-Identifier: Apache-2.0
#include "serve/file_watch.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "site.h"

// Two watched folders; `site` has no services.
struct hide {
    struct site site;            //
    const char *dirs[SITE_APPS]; // of the site
    struct file_watch *watch;    // owned
    bool changed[SITE_APPS];     // what file_watch_read has told
};

static void hide_init(struct hide *hide)
{
    struct err err = {0};
    *hide = (struct hide){0};
    site_init(&hide->site);
    for (size_t i = 0; i < SITE_APPS; i++)
        hide->dirs[i] = hide->site.app_dirs[i];
    site_mkdir(&hide->site, 0, "schema");
    site_mkdir(&hide->site, 0, "data");
    site_mkdir(&hide->site, 0, "public");
    site_mkdir(&hide->site, 0, "public/deep");
    site_mkdir(&hide->site, 0, "public/deep/er");
    site_mkdir(&hide->site, 0, "public/.hidden");
    assert_int_equal(file_watch_new(hide->dirs, SITE_APPS, &hide->watch, &err), ERR_NONE);
    for (size_t i = 0; i < SITE_APPS; i++)
        assert_int_equal(file_watch_app(hide->watch, i, &err), ERR_NONE);
}

static void hide_fini(struct hide *hide)
{
    file_watch_free(hide->watch);
    site_fini(&hide->site);
}

static bool look(struct hide *hide)
{
    memset(hide->changed, 0, sizeof(hide->changed));
    return file_watch_read(hide->watch, hide->changed);
}

// What has changed since the last look: the first app, and only it, or nothing.
static bool first_changed(struct hide *hide)
{
    bool any = look(hide);
    assert_int_equal(any, hide->changed[0]);
    assert_false(hide->changed[1]);
    return any;
}

static void what_is_served_is_watched(void **state)
{
    (void)state;
    AUTO(hide_fini) struct hide hide;
    hide_init(&hide);
    assert_false(first_changed(&hide));
    const char *const names[] = {
        "get_a.sql", "app.ini", "schema/001_a.sql", "public/a.txt", "public/deep/er/b", "public/deep/c~"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        site_write(&hide.site, 0, names[i], "text");
        assert_true(first_changed(&hide));
        assert_false(first_changed(&hide));
        site_remove(&hide.site, 0, names[i]);
        assert_true(first_changed(&hide));
    }
    site_write(&hide.site, 1, "get_a.sql", "text");
    assert_true(look(&hide));
    assert_false(hide.changed[0]);
    assert_true(hide.changed[1]);
}

static void what_is_not_served_does_not_matter(void **state)
{
    (void)state;
    AUTO(hide_fini) struct hide hide;
    hide_init(&hide);
    const char *const names[] = {".get_a.sql.swp", "README.md", "get_a.sql~", "4913", "data/a.csv",
        "schema/notes.txt", "schema/.001_a.sql", "public/.a", "public/.hidden/a"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        site_write(&hide.site, 0, names[i], "text");
        assert_false(first_changed(&hide));
    }
}

static void a_file_that_is_written_in_place_counts_when_it_is_closed(void **state)
{
    (void)state;
    AUTO(hide_fini) struct hide hide;
    hide_init(&hide);
    char path[2 * SITE_PATH_BYTES];
    const char *const names[] = {"get_a.sql", "public/a.txt"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        site_write(&hide.site, 0, names[i], "text");
        assert_true(first_changed(&hide));
        snprintf(path, sizeof(path), "%s/%s", hide.dirs[0], names[i]);
        FILE *file = fopen(path, "a");
        assert_non_null(file);
        assert_true(fputs("more", file) >= 0 && fflush(file) == 0);
        assert_false(first_changed(&hide));
        assert_int_equal(fclose(file), 0);
        assert_int_equal(first_changed(&hide), i == 0); // a static file is opened for each request anyway
    }
}

static void new_folders_are_watched_when_the_app_is_looked_at_again(void **state)
{
    (void)state;
    AUTO(hide_fini) struct hide hide;
    struct err err = {0};
    hide_init(&hide);
    site_mkdir(&hide.site, 0, "public/new");
    assert_true(first_changed(&hide));
    assert_int_equal(file_watch_app(hide.watch, 0, &err), ERR_NONE);
    site_write(&hide.site, 0, "public/new/a.txt", "text");
    assert_true(first_changed(&hide));
    site_remove(&hide.site, 0, "public/new/a.txt");
    assert_true(first_changed(&hide));
    site_remove(&hide.site, 0, "public/new");
    assert_true(first_changed(&hide));
    assert_false(first_changed(&hide));
}

static void a_folder_that_was_away_is_found_again(void **state)
{
    (void)state;
    AUTO(hide_fini) struct hide hide;
    struct err err = {0};
    hide_init(&hide);
    char away[2 * SITE_PATH_BYTES];
    snprintf(away, sizeof(away), "%s.away", hide.dirs[0]);
    assert_int_equal(rename(hide.dirs[0], away), 0);
    assert_true(first_changed(&hide));
    assert_false(first_changed(&hide));
    assert_int_equal(file_watch_app(hide.watch, 0, &err), ERR_NONE);
    assert_int_equal(rename(away, hide.dirs[0]), 0);
    assert_true(first_changed(&hide));
    assert_int_equal(file_watch_app(hide.watch, 0, &err), ERR_NONE);
    assert_false(first_changed(&hide));
    site_write(&hide.site, 0, "get_a.sql", "text");
    assert_true(first_changed(&hide));
}

static void its_descriptor_becomes_readable(void **state)
{
    (void)state;
    AUTO(hide_fini) struct hide hide;
    hide_init(&hide);
    struct pollfd poller = {.fd = file_watch_fd(hide.watch), .events = POLLIN};
    assert_int_equal(poll(&poller, 1, 0), 0);
    site_write(&hide.site, 0, "get_a.sql", "text");
    assert_int_equal(poll(&poller, 1, 30000), 1);
}

static enum err_code watch_all(struct hide *hide, struct err *err)
{
    enum err_code code = file_watch_new(hide->dirs, SITE_APPS, &hide->watch, err);
    for (size_t i = 0; code == ERR_NONE && i < SITE_APPS; i++)
        code = file_watch_app(hide->watch, i, err);
    return code;
}

static void missing_memory_is_told_wherever_it_strikes(void **state)
{
    (void)state;
    AUTO(hide_fini) struct hide hide;
    hide_init(&hide);
    enum err_code code = ERR_NO_MEMORY;
    for (long fail = 0; code == ERR_NO_MEMORY; fail++) {
        struct err err = {0};
        file_watch_free(hide.watch);
        hide.watch = NULL;
        mem_fail_after(fail);
        code = watch_all(&hide, &err);
        mem_fail_after(-1);
        assert_true(fail < 1000);
    }
    assert_int_equal(code, ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_served_is_watched),
        cmocka_unit_test(what_is_not_served_does_not_matter),
        cmocka_unit_test(a_file_that_is_written_in_place_counts_when_it_is_closed),
        cmocka_unit_test(new_folders_are_watched_when_the_app_is_looked_at_again),
        cmocka_unit_test(a_folder_that_was_away_is_found_again),
        cmocka_unit_test(its_descriptor_becomes_readable),
        cmocka_unit_test(missing_memory_is_told_wherever_it_strikes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
