// SPDX-License-Identifier: Apache-2.0
#include "net/file_threads.h"

#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

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

static void *wait_for_end(void *unused)
{
    pause(); // it is cancelled here
    return unused;
}

static void there_are_as_many_as_were_tried(void **state)
{
    (void)state;
    struct err err = {0};
    pthread_t first;
    assert_int_equal(
        pthread_create(&first, NULL, wait_for_end, NULL), 0); // with it TSan starts one of its own
    int before = count_threads();
    setenv("UV_THREADPOOL_SIZE", "16", 1); // libuv's own word for their number
    assert_int_equal(file_threads_start(&err), ERR_NONE);
    assert_int_equal(count_threads(), before + 4);
    assert_int_equal(file_threads_start(&err), ERR_NONE);
    assert_int_equal(count_threads(), before + 4);
    pthread_cancel(first);
    pthread_join(first, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_as_many_as_were_tried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
