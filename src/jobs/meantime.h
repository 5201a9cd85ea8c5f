// SPDX-License-Identifier: Apache-2.0
// What a runner's thread does while something of its work is away, at the desk or the writer, and between two
// pieces of a body: it puts off the end of its lease, and tells clients whose wait for a job is over. The
// runner's thread, but for absence_end.
#ifndef RECKONER_JOBS_MEANTIME_H
#define RECKONER_JOBS_MEANTIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/duty.h"
#include "base/err.h"
#include "batch/desk.h"
#include "jobs/lease_keeper.h"
#include "jobs/waits.h"
#include "store/own_sql.h"

// All is borrowed.
struct meantime {
    struct duty *duty;           // the runner's, whose lock and signal are used
    struct desk *desk;           //
    struct waits *waits;         //
    struct lease_keeper *keeper; //
};

// Does what has its time. Returns when there is more of that, of the monotonic clock.
uint64_t meantime_use(struct meantime *meantime);

// A piece of work that is away.
struct absence {
    struct meantime *meantime;
    bool is_done; // under the duty's lock
};

// It has come back; it is its sender's from then on. Any thread.
void absence_end(struct absence *absence);

// Uses the time until it has.
void absence_wait(struct absence *absence);

// Has the desk make a change (struct desk_change), and waits for that likewise. Errors of the change;
// ERR_BUSY: too much waits for the desk.
MUST_CHECK enum err_code meantime_ask_desk(struct meantime *meantime,
    enum err_code (*make)(void *ctx, struct own_statements *own, struct err *err), void *ctx,
    struct err *err);

#endif
