// SPDX-License-Identifier: Apache-2.0
// The steps of one batch inside a transaction that the caller began and will end: rows into the table batch,
// rejects, warnings, writes, answer. On the thread of the plan's connection.
#ifndef RECKONER_BATCH_RUN_H
#define RECKONER_BATCH_RUN_H

#include "app/plan.h"
#include "app/report.h"
#include "base/spool.h"
#include "batch/rows.h"
#include "store/store.h"

// Adds rows to the table batch, which store_batch_open has made for the endpoint. Errors of store_batch_add
// and rows_stop.
MUST_CHECK enum err_code batch_insert(struct store_conn *conn, const struct rows *rows, struct err *err);

// What the statements of a batch are run with, and what they give. All is borrowed.
struct batch_run {
    struct plan *plan;           // of the endpoint
    const struct value *params;  //
    enum answer_format format;   // of the answer
    struct report *report;       // which may hold faults already; what the rejects find is added to it
    struct report *warnings;     // what the @warn statements find is added to it
    const struct report *errors; // of a batch whose bad rows were left out (lenient.h), the faults of those,
                                 // which stand beside the answer; else NULL
    struct spool *answer;        // the answer is appended to it, and it is ended (spool_end): for an endpoint
                                 // with @warn {"answer":…,"warnings":[…],"warnings_total":n}
    struct answered *answered;   // out: what is told beside the answer
};

// Runs the endpoint's statements over the table batch. When `report` holds any fault after the rejects:
// ERR_INVALID, nothing is written, and the caller rolls back. Other errors are those of the statements and of
// plan_answer (ERR_UNKNOWN for a shape without its row); the caller rolls back.
MUST_CHECK enum err_code batch_run(const struct batch_run *run, struct err *err);

// The two halves of that, between which a batch gets its id: the checks, which need no answer, and what they
// let through. `part`: the others have passed already, with their warnings in `warnings`.
MUST_CHECK enum err_code batch_check(const struct batch_run *run, enum check_part part, struct err *err);
MUST_CHECK enum err_code batch_write(const struct batch_run *run, struct err *err);

// The @warn statements of batch_check alone.
MUST_CHECK enum err_code batch_warn(const struct batch_run *run, enum check_part part, struct err *err);

// What of the checks needs no turn (store_begin_early), in front of batch_check with CHECKS_LATE: it runs the
// early checks of the plan (plan_find_early). A batch that they refuse, or in whose report there is a fault,
// goes through all rejects for the sake of its report, and ends with ERR_INVALID.
MUST_CHECK enum err_code batch_run_early(const struct batch_run *run, struct err *err);

#endif
