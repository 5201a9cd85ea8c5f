// SPDX-License-Identifier: Apache-2.0
// Which row, field or parameter a batch failed at, where the store does not tell. On the thread of the plan's
// connection.
#ifndef RECKONER_BATCH_CULPRIT_H
#define RECKONER_BATCH_CULPRIT_H

#include "app/plan.h"
#include "app/report.h"
#include "batch/rows.h"

// A batch that has failed, and was rolled back to before its savepoint.
struct culprit_case {
    struct plan *plan;          // borrowed, as all
    const struct value *params; //
    const struct rows *rows;    //
    enum answer_format format;  // of its answer
    uint64_t took_ns;           // how long it ran
    uint64_t most_ms;           // that the search may take
    bool is_deferred;           // it failed at what the store checks at the commit only
};

// Runs the batch again and again with fewer rows, each time in a savepoint that is taken back, until it is
// known which row it takes to fail so (ERR_VALUE, ERR_CONFLICT, ERR_CONSTRAINT; others are left alone). Then
// *err is that row's failure, and the row is added to `report`, with its field where that is known. What
// fails without any row of the batch is a parameter's fault, and what fails without a parameter too is the
// app's own: ERR_STORE. The text of ERR_VALUE then quotes nothing that the client has not sent.
//
// Takes `most_ms` at most, as far as `took_ns` foretells; what is not known by then is left out. Returns
// ERR_NONE, or why the transaction is lost, which goes into ret_lost.
MUST_CHECK enum err_code culprit_find(
    const struct culprit_case *failed, struct report *report, struct err *err, struct err *ret_lost);

#endif
