// SPDX-License-Identifier: Apache-2.0
#include "net/file_threads.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static int count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;
    assert_non_null(tasks);
    for (const struct dirent *task; (task = readdir(tasks)) != NULL;)
        count += task->d_name[0] != '.';
    closedir(tasks);
    return count;
}

static void there_are_as_many_as_were_tried(void **state)
{
    (void)state;
    struct err err = {0};
    int before = count_threads();
    setenv("UV_THREADPOOL_SIZE", "16", 1); // libuv's own word for their number
    assert_int_equal(file_threads_start(&err), ERR_NONE);
    assert_int_equal(count_threads(), before + 4);
    assert_int_equal(file_threads_start(&err), ERR_NONE);
    assert_int_equal(count_threads(), before + 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_as_many_as_were_tried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
