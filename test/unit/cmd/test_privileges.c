// SPDX-License-Identifier: Apache-2.0
// cmd/privileges.c and cmd/syscalls.c, each in a process of its own, as there is no way back.
#include "cmd/privileges.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/syscalls.h"

// The exit code of a child that runs it; 0 when all was as it should be, else the number of the check that
// was not met.
static int in_child(int (*run)(void))
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(run());
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int refuse_and_try(void)
{
    struct err err = {0};
    if (syscalls_refuse(&err) != ERR_NONE)
        return 1;
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != -1 || errno != EPERM)
        return 2;
    if (unshare(CLONE_NEWUTS) != -1 || errno != EPERM)
        return 3;
    if (mount("none", "/", "tmpfs", 0, NULL) != -1 || errno != EPERM)
        return 4;
    if (chroot("/") != -1 || errno != EPERM)
        return 5;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || close(fd) != 0)
        return 6;
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/true", "true", NULL);
        _exit(1);
    }
    int status;
    return waitpid(child, &status, 0) == child && status == 0 ? 0 : 7;
}

static void what_no_server_needs_is_refused_and_all_else_works(void **state)
{
    (void)state;
    assert_int_equal(in_child(refuse_and_try), 0);
}

static int drop_and_try(void)
{
    struct err err = {0};
    if (privileges_drop("nobody", &err) != ERR_NONE)
        return 1;
    gid_t groups[64];
    int count = getgroups(64, groups);
    for (int i = 0; i < count; i++) {
        if (groups[i] == 0)
            return 2;
    }
    if (geteuid() == 0 || getuid() == 0 || getegid() == 0)
        return 3;
    if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0)
        return 4;
    if (privileges_drop("nobody", &err) != ERR_NONE) // who it is already
        return 5;
    return privileges_drop("daemon", &err) == ERR_CONFIG &&
                   strcmp(err.text, "--user daemon: only root can go on as somebody else") == 0
               ? 0
               : 6;
}

static void root_is_given_up_for_good(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(in_child(drop_and_try), 0);
}

static void users_that_cannot_be_are_told(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(privileges_drop("no such one", &err), ERR_CONFIG);
    assert_string_equal(err.text, "--user no such one: there is no such user");
    err = (struct err){0};
    assert_int_equal(privileges_drop("root", &err), ERR_CONFIG);
    assert_string_equal(err.text, "--user root: root is who it is to keep from running the server");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_no_server_needs_is_refused_and_all_else_works),
        cmocka_unit_test(root_is_given_up_for_good),
        cmocka_unit_test(users_that_cannot_be_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
