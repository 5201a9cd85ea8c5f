// SPDX-License-Identifier: Apache-2.0
// A thread that takes work of its own accord, as one for an app's jobs, hooks or files does, and whether it
// still takes any:
//
//     ON ◄── duty_rest ──► RESTS
//     └────── duty_end ──────┴──► ENDS ── the thread has done with what it has ──► ENDED
//
// How the thread is woken, and what it does, is its owner's.
#ifndef RECKONER_BASE_DUTY_H
#define RECKONER_BASE_DUTY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum duty_state {
    DUTY_ON,    // it takes work
    DUTY_RESTS, // it takes none, and goes on with what it has taken
    DUTY_ENDS,  // likewise, for good
    DUTY_ENDED, // the thread does nothing more
};

struct duty {
    pthread_t thread; // valid while is_started
    bool is_started;  // the owner's

    pthread_mutex_t lock;  // guards what follows, and what the owner puts under it; held for moments
    pthread_cond_t change; // signalled when the state is ENDS or ENDED, and for reasons of the owner's
    enum duty_state state;
};

// Makes one that is ON, without a thread.
void duty_init(struct duty *duty);

// Starts `run(arg)`, which returns by duty_leave. ERR_IO.
MUST_CHECK enum err_code duty_start(struct duty *duty, void *(*run)(void *arg), void *arg, struct err *err);

// Has it rest, or take work again; does nothing to one that ends. Any thread, as the next four.
void duty_rest(struct duty *duty, bool rests);

// Whether it takes work.
bool duty_takes(struct duty *duty);

// Whether it has to end, or has ended.
bool duty_ends(struct duty *duty);

// Has it end.
void duty_end(struct duty *duty);

// Waits until the thread, if one was started, has ended, or until `until_ns` of the monotonic clock.
void duty_wait(struct duty *duty, uint64_t until_ns);

// The thread has ended: the last that it does. Returns NULL, as the thread does.
void *duty_leave(struct duty *duty);

// Has it end, waits for the thread, and frees.
void duty_fini(struct duty *duty);

#endif
