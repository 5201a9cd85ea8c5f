// SPDX-License-Identifier: Apache-2.0
// Threads that never see a signal, so that those of the process arrive where they are waited for.
#ifndef RECKONER_NET_THREAD_H
#define RECKONER_NET_THREAD_H

#include <pthread.h>

#include "base/err.h"

// Starts `run(arg)` on a new thread with every signal blocked but those that a fault of its own raises.
// ERR_IO. The caller joins the thread.
MUST_CHECK enum err_code thread_start(
    void *(*run)(void *arg), void *arg, pthread_t *ret_thread, struct err *err);

#endif
