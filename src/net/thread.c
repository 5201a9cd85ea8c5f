// SPDX-License-Identifier: Apache-2.0
// A new thread inherits its maker's signal mask, so the mask is set around pthread_create: there is no moment
// at which the thread runs without it.
#include "net/thread.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

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
    if (failed)
        return err_set(err, ERR_IO, "could not start a thread: %s", strerror(failed));
    *ret_thread = thread;
    return ERR_NONE;
}
