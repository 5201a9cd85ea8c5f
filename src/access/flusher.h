// SPDX-License-Identifier: Apache-2.0
// The thread that writes usage: takes what loops have counted (meter.h) each LIMIT_USAGE_FLUSH_MS, adds it up
// for each app, and adds that to the app's store. A store that is locked or away keeps its counts here, up to
// LIMIT_USAGE_WAITING of them, and is asked again. It is a thread of its own, so that nobody else has to wait
// for a store that is.
#ifndef RECKONER_ACCESS_FLUSHER_H
#define RECKONER_ACCESS_FLUSHER_H

#include <stddef.h>

#include "access/meter.h"
#include "base/err.h"
#include "base/teller.h"
#include "store/store.h"

struct flusher;

// Where the usage of one service goes.
struct flusher_target {
    struct store *store; // borrowed
    const char *name;    // of the app; borrowed
};

struct flusher_options {
    struct meter *meter;                  // borrowed, as all below
    const struct flusher_target *targets; // by number of the service; copied
    size_t count;                         //
    struct teller log;                    // on the flusher's thread

    // Writes to the store of a service, by its number, what else goes by its use: behind its usage. NULL:
    // nothing. On the flusher's thread.
    enum err_code (*touch)(void *ctx, size_t service, struct store_conn *conn, struct err *err);
    void *touch_ctx; // handed to it
};

// Starts the thread. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code flusher_new(
    const struct flusher_options *options, struct flusher **ret_flusher, struct err *err);

// Writes the rest, for LIMIT_USAGE_LAST_MS at most where a store does not take it, tells what could not be
// written, and ends the thread. No loop counts any more. NULL is fine.
void flusher_free(struct flusher *flusher);

#endif
