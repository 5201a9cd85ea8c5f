// SPDX-License-Identifier: Apache-2.0
// What somebody else binds to a batch: statements that are true exactly when its rows are in, as they run in
// the batch's own savepoint. A repeat, a job and a watched file are seals; what runs a batch knows
// of none what it is.
#ifndef RECKONER_BATCH_SEAL_H
#define RECKONER_BATCH_SEAL_H

#include <stdbool.h>

#include "base/err.h"
#include "store/own_sql.h"

struct batch;

// Part of a larger struct of its maker's, which lives until the batch is told its outcome. Both functions run
// on a thread of the writer's, in the batch's turn where it takes one, within its time, and keep their
// statements in `own`, which is the connection's. An error that they return is the batch's own, and takes
// back what it has written and nothing of its group; ERR_ABORTED and ERR_STALE have the batch tried again,
// from the opening on.
struct seal {
    // Runs before the batch's rejects, and before its rows are in the table batch, unless the batch is
    // staged. Where it sets batch->is_known, the batch has had its outcome before: the seal has filled in
    // answer and answered, and nothing of the batch runs. NULL: nothing to do.
    enum err_code (*open)(
        struct seal *seal, struct batch *batch, struct own_statements *own, struct err *err);
    // Runs behind the batch's answer, which it may read.
    enum err_code (*close)(
        struct seal *seal, struct batch *batch, struct own_statements *own, struct err *err);
    struct seal *next;  // of the batch
    bool is_taken_away; // out, set by `close`: somebody else has what it is bound to, and the batch fails
};

// Opens the seals of a batch in their order, until one fails or knows the outcome.
MUST_CHECK enum err_code seals_open(struct batch *batch, struct own_statements *own, struct err *err);

// Closes them in the same order, until one fails.
MUST_CHECK enum err_code seals_close(struct batch *batch, struct own_statements *own, struct err *err);

#endif
