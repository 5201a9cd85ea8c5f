// SPDX-License-Identifier: Apache-2.0
// The parent blocks the signals that end it before it makes the folder, and then only waits: for the child's
// end or for one of these signals. So it always comes to the removal. The child has its signals as before,
// and the kernel kills it when the parent dies. On the main thread, the only one.
#include "cmd/temp_run.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cmd.h"

enum { PATH_BYTES = 4096, REMOVE_FDS = 16 };

static bool make_dir(char dir[PATH_BYTES])
{
    const char *parent = getenv("TMPDIR");
    if (parent == NULL || parent[0] == '\0')
        parent = "/tmp";
    int len = snprintf(dir, PATH_BYTES, "%s/reckoner-XXXXXX", parent);
    if (len < PATH_BYTES && mkdtemp(dir) != NULL)
        return true;
    fprintf(stderr, "reckoner: no temporary folder could be made in %s: %s; set TMPDIR\n", parent,
        len < PATH_BYTES ? strerror(errno) : "the path is too long");
    return false;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    (void)remove(path); // what stays makes the folder stay, which remove_dir tells
    return 0;
}

static void remove_dir(const char *dir)
{
    (void)nftw(dir, remove_one, REMOVE_FDS, FTW_DEPTH | FTW_PHYS);
    if (access(dir, F_OK) == 0)
        fprintf(stderr, "reckoner: %s could not be removed\n", dir);
}

// Waits for the child; a signal for us is passed on to it. Returns its status, and the signal or 0.
static int wait_for_child(pid_t child, const sigset_t *signals, int *ret_signal)
{
    int status = 0;
    *ret_signal = 0;
    for (;;) {
        int number = sigwaitinfo(signals, NULL);
        if (number == SIGCHLD && waitpid(child, &status, WNOHANG) == child)
            return status;
        if (number > 0 && number != SIGCHLD) {
            *ret_signal = number;
            kill(child, SIGKILL); // it has nothing to save
        }
    }
}

static int result_of(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    fprintf(stderr, "reckoner: the process that did the work crashed with signal %d\n", WTERMSIG(status));
    return EXIT_FAILED;
}

int temp_run(int (*work)(void *ctx, const char *dir), void *ctx)
{
    char dir[PATH_BYTES];
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGCHLD);
    signal(SIGCHLD, SIG_DFL);                  // ignored, it would never come
    sigprocmask(SIG_BLOCK, &signals, &before); // before there is a folder that a signal could leave behind
    fflush(NULL);
    pid_t parent = getpid();
    int result = EXIT_FAILED, number = 0;
    if (make_dir(dir)) {
        pid_t child = fork();
        if (child == 0) {
            sigprocmask(SIG_SETMASK, &before, NULL);
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            exit(getppid() == parent ? work(ctx, dir) : EXIT_FAILED);
        }
        if (child < 0)
            fprintf(stderr, "reckoner: no process could be started: %s\n", strerror(errno));
        int status = child > 0 ? wait_for_child(child, &signals, &number) : 0;
        remove_dir(dir);
        if (child > 0 && number == 0)
            result = result_of(status);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (number != 0)
        raise(number);
    return result;
}
