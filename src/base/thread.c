// SPDX-License-Identifier: Apache-2.0
// A new thread inherits the signal mask of the thread that makes it, so the mask is set around
// pthread_create: there is no moment at which the new thread runs without it. Any thread.
#include "base/thread.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

enum err_code thread_start(void *(*run)(void *arg), void *arg, pthread_t *ret_thread, struct err *err)
{
    // A fault is delivered to its thread whatever the mask says, but a blocked one cannot be reported.
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
    sigset_t blocked, before;
    sigfillset(&blocked);
    for (size_t i = 0; i < ARRAY_LEN(faults); i++)
        sigdelset(&blocked, faults[i]);

    pthread_t thread;
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int failed = pthread_create(&thread, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        err_set(err, ERR_IO, "could not start a thread: %s", strerror(failed));
        err_hint(
            err, "raise the limit of threads (ulimit -u, TasksMax= of a service) or of memory (ulimit -v)");
        return ERR_IO;
    }
    *ret_thread = thread;
    return ERR_NONE;
}

void cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

bool cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t end_ns)
{
    const struct timespec end = clock_timespec(end_ns);
    return pthread_cond_timedwait(cond, lock, &end) == 0;
}
