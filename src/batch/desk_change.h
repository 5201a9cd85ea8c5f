// SPDX-License-Identifier: Apache-2.0
// A change that the desk makes in a transaction, for somebody who waits for its outcome.
#ifndef RECKONER_BATCH_DESK_CHANGE_H
#define RECKONER_BATCH_DESK_CHANGE_H

#include <stdbool.h>

#include "base/err.h"
#include "batch/desk.h"

// Owned by its sender, lent to the desk from desk_change_send until `on_done`.
struct desk_change {
    struct desk_task task; // its own

    // Writes, in a transaction of desk_transact, on the desk's thread.
    enum err_code (*make)(void *ctx, struct own_statements *own, struct err *err);
    void *ctx; // handed to it

    // Called once, on the desk's thread, when the change is committed, or nothing of it ever will be. It is
    // its sender's from then on.
    void (*on_done)(struct desk_change *change);

    struct err err; // out: why it was not made; ERR_NONE in it: it was
};

// Sends it; false, at once, when too much waits. Any thread.
MUST_CHECK bool desk_change_send(struct desk *desk, struct desk_change *change);

#endif
