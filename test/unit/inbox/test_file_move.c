// SPDX-License-Identifier: Apache-2.0
// Names of files that were moved (inbox/file_move.h).
#include "inbox/file_move.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "base/attr.h"

static void expect(const char *name, unsigned number, size_t most, const char *wanted)
{
    char out[FILE_NAME_BYTES];
    file_move_name(name, number, most, out);
    assert_string_equal(out, wanted);
}

static void a_number_stands_before_the_endings_that_tell_the_format(void **state)
{
    (void)state;
    expect("prices.csv", 1, NAME_MAX, "prices.csv");
    expect("prices.csv", 2, NAME_MAX, "prices.2.csv");
    expect("prices.csv.gz", 3, NAME_MAX, "prices.3.csv.gz");
    expect("prices.JSON.ZST", 3, NAME_MAX, "prices.3.JSON.ZST");
    expect("2026.11.csv", 12, NAME_MAX, "2026.11.12.csv");
    expect("prices.gz", 2, NAME_MAX, "prices.gz.2");
    expect("noending", 2, NAME_MAX, "noending.2");
}

static void a_name_that_would_be_too_long_is_cut_before_them(void **state)
{
    (void)state;
    expect("abcdefgh.csv", 1, 10, "abcdef.csv");
    expect("abcdefgh.csv", 10, 10, "abc.10.csv");
    expect("abcdefgh.csv", 1, 12, "abcdefgh.csv");
    expect("a.csv", 1000, 6, ".1000.csv"); // never so in earnest: what is left has to be a name
}

// --- moves in a folder of the test's own

static char root[] = "/tmp/file_move_XXXXXX";
static int folder = -1;

static int make_folder(void **state)
{
    (void)state;
    strcpy(root + strlen(root) - 6, "XXXXXX");
    if (mkdtemp(root) == NULL)
        return -1;
    folder = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct err err = {0};
    return folder >= 0 && file_move_prepare(folder, &err) == ERR_NONE ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[64];
    close(folder);
    snprintf(command, sizeof(command), "rm -r %s", root);
    return system(command);
}

static void write_file(const char *name, const char *text)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void expect_file(const char *name, const char *text)
{
    char found[64] = "";
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (text == NULL) {
        assert_true(fd < 0);
        return;
    }
    assert_true(fd >= 0);
    assert_true(read(fd, found, sizeof(found) - 1) >= 0);
    close(fd);
    assert_string_equal(found, text);
}

static size_t names_in(const char *name)
{
    size_t count = 0;
    DIR *names = fdopendir(openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    assert_non_null(names);
    for (struct dirent *item; (item = readdir(names)) != NULL;)
        count += strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0;
    closedir(names);
    return count;
}

static void a_file_goes_to_the_first_name_that_is_free(void **state)
{
    (void)state;
    char name[FILE_NAME_BYTES];
    static const char *const wanted[] = {"a.csv", "a.2.csv", "a.3.csv"};
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        AUTO(held_file_fini) struct held_file file;
        struct err err = {0};
        write_file("a.csv", wanted[i]);
        assert_true(held_file_open(&file, folder, "a.csv"));
        assert_int_equal(file_move_to_done(&file, name, &err), FILE_MOVED);
        assert_string_equal(name, wanted[i]);
    }
    expect_file("done/a.2.csv", "a.2.csv");
    assert_int_equal(names_in("done"), 3);
}

static void a_file_that_has_changed_or_was_replaced_stays(void **state)
{
    (void)state;
    char name[FILE_NAME_BYTES];
    AUTO(held_file_fini) struct held_file file, other;
    struct err err = {0};
    write_file("a.csv", "1");
    assert_true(held_file_open(&file, folder, "a.csv"));
    write_file("a.csv", "12");
    assert_int_equal(file_move_to_done(&file, name, &err), FILE_CHANGED);
    expect_file("a.csv", "12");
    assert_true(held_file_open(&other, folder, "a.csv"));
    write_file("new", "3");
    assert_int_equal(renameat(folder, "new", folder, "a.csv"), 0);
    assert_int_equal(file_move_to_done(&other, name, &err), FILE_GONE);
    assert_int_equal(file_move_to_rejected(&other, span_of("{}"), name, &err), FILE_GONE);
    expect_file("a.csv", "3");
    assert_int_equal(names_in("done"), 0);
    assert_int_equal(names_in("rejected"), 0);
    assert_int_equal(err.code, ERR_NONE);
}

static void a_report_is_of_its_file_and_follows_no_link(void **state)
{
    (void)state;
    char name[FILE_NAME_BYTES];
    AUTO(held_file_fini) struct held_file file;
    struct err err = {0};
    write_file("secret", "kept");
    write_file("a.csv", "1");
    assert_int_equal(symlinkat("../secret", folder, "rejected/a.csv" WATCH_REPORT_ENDING), 0);
    assert_true(held_file_open(&file, folder, "a.csv"));
    assert_int_equal(file_move_to_rejected(&file, span_of("{}"), name, &err), FILE_MOVED);
    assert_string_equal(name, "a.csv");
    expect_file("secret", "kept");
    expect_file("rejected/a.csv" WATCH_REPORT_ENDING, "{}");
    expect_file("rejected/a.csv", "1");
    assert_int_equal(names_in("rejected"), 2);
}

static void a_folder_that_is_a_link_is_not_used(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(unlinkat(folder, "done", AT_REMOVEDIR), 0);
    assert_int_equal(symlinkat("/tmp", folder, "done"), 0);
    assert_int_equal(file_move_prepare(folder, &err), ERR_CONFIG);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_stands_before_the_endings_that_tell_the_format),
        cmocka_unit_test(a_name_that_would_be_too_long_is_cut_before_them),
        IN_FOLDER(a_file_goes_to_the_first_name_that_is_free),
        IN_FOLDER(a_file_that_has_changed_or_was_replaced_stays),
        IN_FOLDER(a_report_is_of_its_file_and_follows_no_link),
        IN_FOLDER(a_folder_that_is_a_link_is_not_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
