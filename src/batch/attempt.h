// SPDX-License-Identifier: Apache-2.0
// One try of one batch in the transaction of its group. On the lane's thread. Private to the lane's files.
//
//     SAVEPOINT ─ open ─ rows ─ checks ─ id ─ writes ─ answer ─ record ─ close ─ RELEASE, or ROLLBACK TO when
//     it fails or is known
//
// Open and close are those of the batch's seals (seal.h). A dry run has none, and ends with ROLLBACK TO as
// well; what a constraint leaves to the commit is checked before that.
#ifndef RECKONER_BATCH_ATTEMPT_H
#define RECKONER_BATCH_ATTEMPT_H

#include <stdbool.h>

#include "base/err.h"
#include "batch/group.h"
#include "batch/lane.h"
#include "batch/writer.h"

// Runs a batch of the group; an error returned is one of the whole transaction, the batch's own error is in
// batch->err.
MUST_CHECK enum err_code attempt_run(struct group *group, struct batch *batch);

// Runs all of the first batch that needs no turn, in the transaction that was begun early; how long it took,
// and what its early checks found, is the group's then. The error is the batch's own.
MUST_CHECK enum err_code attempt_early(struct group *group);

// Looks for the row that failed with batch->err, and puts it into the batch's report. `is_deferred`: it
// failed at a constraint that only the commit looks at. *ret_lost, and what is returned: the transaction is
// lost.
MUST_CHECK enum err_code attempt_find_culprit(
    const struct group *group, struct batch *batch, bool is_deferred, struct err *ret_lost);

// Makes a batch again what it was when it was submitted.
void attempt_forget(struct batch *batch);

// Whether it is in, when the transaction is.
static inline bool batch_goes_in(const struct batch *batch)
{
    return batch->err.code == ERR_NONE && !batch->is_known && !batch->is_dry_run;
}

#endif
