// SPDX-License-Identifier: Apache-2.0
// Temporary files, as far as spools and rows do not show them.
#include "base/temp_file.h"

#include <errno.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

// Whether temp_file_open says so in a process where open(2) fails with that cause: 0.
static int open_when(int cause, enum err_code code, const char *text)
{
    struct temp_space space = {.dir = "/tmp", .what = "answer", .whats = "answers", .max_bytes = 1};
    pid_t child = fork();
    if (child == 0) {
        struct temp_file file = {0};
        struct err err = {0};
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
        if (seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned)cause), SCMP_SYS(openat), 0) != 0 ||
            seccomp_load(filter))
            _exit(2);
        bool is_so = temp_file_open(&file, &space, &err) == code && strcmp(err.text, text) == 0;
        _exit(is_so ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void what_the_system_lacks_is_told_as_what_it_is(void **state)
{
    (void)state;
    struct err no_memory = {0};
    (void)err_no_memory(&no_memory);
    assert_int_equal(open_when(ENOMEM, ERR_NO_MEMORY, no_memory.text), 0);
    assert_int_equal(
        open_when(EMFILE, ERR_BUSY, "a large answer needs a temporary file, and too many files are open"), 0);
    assert_int_equal(
        open_when(ENFILE, ERR_BUSY, "a large answer needs a temporary file, and too many files are open"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_system_lacks_is_told_as_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
