// SPDX-License-Identifier: Apache-2.0
// What threads need that write batches which no request waits for (jobs/, inbox/), or tell of batches
// (hooks/): the app in force, the words of a problem, the log. A failure of the server's own is logged, and a
// report says no more than that, as a client is told.
#ifndef RECKONER_SERVE_DEFERRED_H
#define RECKONER_SERVE_DEFERRED_H

#include <stddef.h>
#include <stdint.h>

#include "app/app.h"
#include "app/report.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/teller.h"

struct context;

// Of one service. Immutable.
struct deferred {
    struct context *context; // borrowed
    size_t service;          // its number
    const char *what;        // of what a failure is told: "a job"
};

// A reference to the app in force. `ctx` is a struct deferred, as of the next two; any thread.
struct app *deferred_app(void *ctx);

// Appends the problem document that a request would have got, and returns its status.
int deferred_problem(void *ctx, const struct err *err, const struct report *report, struct buf *out);

// How many requests the app's endpoints have had in this process. Takes some work.
uint64_t deferred_requests(void *ctx);

// Logs lines of the app's, for as long as `deferred` is there.
struct teller deferred_log(struct deferred *deferred);

#endif
