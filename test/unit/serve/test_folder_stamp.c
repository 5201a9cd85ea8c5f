// SPDX-License-Identifier: Apache-2.0
#include "serve/folder_stamp.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"

static char dir[] = "/tmp/test_stamp_XXXXXX";

static int begin(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/test_stamp_XXXXXX");
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
    return mkdir("sub", 0700);
}

static int end(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command);
}

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

// As if all had been written long ago.
static uint64_t stamp(void)
{
    uint64_t number = folder_stamp(dir, clock_wall_ms() + 60 * 1000);
    assert_true(number != 0);
    return number;
}

static void a_change_of_any_kind_is_another_number(void **state)
{
    (void)state;
    write_text("sub/a", "1");
    uint64_t first = stamp();
    assert_true(stamp() == first);
    write_text("sub/a", "22");
    uint64_t longer = stamp();
    assert_true(longer != first);
    assert_int_equal(rename("sub/a", "sub/b"), 0);
    uint64_t renamed = stamp();
    assert_true(renamed != longer);
    write_text("sub/.c", "22");
    uint64_t more = stamp();
    assert_true(more != renamed);
    assert_int_equal(chmod("sub/b", 0400), 0);
    uint64_t mode = stamp();
    assert_true(mode != more);
    assert_int_equal(unlink("sub/b"), 0);
    assert_true(stamp() != mode);
}

static void another_file_of_the_same_size_and_time_is_another_number(void **state)
{
    (void)state;
    const struct timespec times[] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    write_text("a", "1");
    write_text("b", "2");
    assert_int_equal(utimensat(AT_FDCWD, "a", times, 0), 0);
    assert_int_equal(utimensat(AT_FDCWD, "b", times, 0), 0);
    uint64_t first = stamp();
    assert_int_equal(rename("b", "a"), 0);
    assert_true(stamp() != first);
}

static void what_has_just_changed_is_not_known(void **state)
{
    (void)state;
    write_text("a", "1");
    assert_true(folder_stamp(dir, clock_wall_ms()) == 0);
}

static void a_folder_that_is_not_there_is_not_known(void **state)
{
    (void)state;
    assert_true(folder_stamp("/tmp/nowhere/at/all", clock_wall_ms()) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_change_of_any_kind_is_another_number, begin, end),
        cmocka_unit_test_setup_teardown(another_file_of_the_same_size_and_time_is_another_number, begin, end),
        cmocka_unit_test_setup_teardown(what_has_just_changed_is_not_known, begin, end),
        cmocka_unit_test_setup_teardown(a_folder_that_is_not_there_is_not_known, begin, end),
    };
    return cmocka_run_group_tests_name("serve/folder_stamp", tests, NULL, NULL);
}
