// SPDX-License-Identifier: Apache-2.0
// Threads that never see a signal, so that those of the process arrive where they are waited for; and waiting
// until a moment of the monotonic clock.
#ifndef RECKONER_BASE_THREAD_H
#define RECKONER_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

// Starts `run(arg)` on a new thread with every signal blocked but those that a fault of its own raises.
// ERR_IO. The caller joins the thread.
MUST_CHECK enum err_code thread_start(
    void *(*run)(void *arg), void *arg, pthread_t *ret_thread, struct err *err);

// A condition variable for cond_wait_until; pthread_cond_destroy ends it.
void cond_init(pthread_cond_t *cond);

// pthread_cond_timedwait(3p) until `end_ns` of clock_monotonic_ns(); false when that moment has passed. Like
// that it may also return early, so that the caller looks at its condition again.
bool cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t end_ns);

#endif
