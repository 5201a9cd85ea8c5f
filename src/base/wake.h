// SPDX-License-Identifier: Apache-2.0
// Wakes a thread that waits in poll(2), from any other thread.
#ifndef RECKONER_BASE_WAKE_H
#define RECKONER_BASE_WAKE_H

#include "base/err.h"

struct wake {
    int fd; // owned, an eventfd(2): readable from wake_call to wake_clear. -1: not made
};

// Makes one that nobody has called. ERR_IO, after which it is not made.
MUST_CHECK enum err_code wake_init(struct wake *wake, struct err *err);

// Leaves one that is not made, and takes one.
void wake_fini(struct wake *wake);

// Makes wake->fd readable. Any thread.
void wake_call(const struct wake *wake);

// Makes it wait for the next call, by the thread that polls; there may have been none.
void wake_clear(const struct wake *wake);

#endif
