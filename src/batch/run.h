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

// Runs the endpoint's statements over the table batch. What the rejects find is added to `report`, which may
// hold faults already; when it holds any after the rejects: ERR_INVALID, nothing is written, and the caller
// rolls back. Otherwise what the @warn statements found is in `warnings`, and the answer is appended to
// `answer`, which is ended (spool_end): for an endpoint with @warn
// {"answer":…,"warnings":[…],"warnings_total":n}. Other errors are those of the statements and of plan_answer
// (ERR_UNKNOWN for a shape without its row); the caller rolls back.
MUST_CHECK enum err_code batch_run(struct plan *plan, const struct value *params, enum answer_format format,
    struct report *report, struct report *warnings, struct spool *answer, struct answered *ret_answered,
    struct err *err);

// The two halves of that, between which a batch gets its id: the checks, and what they let through. `part`:
// the others have passed already, with their warnings in `warnings`. `errors`: of a batch whose bad rows were
// left out (lenient.h), the faults of those, which stand beside the answer; else NULL.
MUST_CHECK enum err_code batch_check(struct plan *plan, enum check_part part, const struct value *params,
    struct report *report, struct report *warnings, struct err *err);
MUST_CHECK enum err_code batch_write(struct plan *plan, const struct value *params, enum answer_format format,
    const struct report *errors, const struct report *warnings, struct spool *answer,
    struct answered *ret_answered, struct err *err);

// The @warn statements of batch_check alone.
MUST_CHECK enum err_code batch_warn(struct plan *plan, enum check_part part, const struct value *params,
    struct report *warnings, struct err *err);

// What of the checks needs no turn (store_begin_early), in front of batch_check with CHECKS_LATE: it runs the
// early checks of the plan (plan_find_early). A batch that they refuse, or in whose report there is a fault,
// goes through all rejects for the sake of its report, and ends with ERR_INVALID.
MUST_CHECK enum err_code batch_run_early(struct plan *plan, const struct value *params, struct report *report,
    struct report *warnings, struct err *err);

#endif
