// SPDX-License-Identifier: Apache-2.0
// A batch of an endpoint with @lenient whose client prefers `handling=lenient`: its bad rows are left out,
// and told beside the answer. On the thread of the plan's connection.
#ifndef RECKONER_BATCH_LENIENT_H
#define RECKONER_BATCH_LENIENT_H

#include "base/err.h"
#include "batch/rows.h"
#include "batch/run.h"

// As batch_check, for rows that are in the table batch already. The rows that a @reject names by their line
// are left out of the table and of `rows` (rows_leave_out), and the rejects run again, as they may find more
// or less then, until they find nothing. What they have found is added to `run->report`, in which are the
// faults of rows that came no further than the intake; batch_write, of which it is `errors` too, has it
// beside the answer:
// {"answer":…,"errors":[…],"errors_total":n}, with the warnings behind that for an endpoint with @warn.
//
// ERR_INVALID, and nothing is written, when not all rows were read, when a reject gives a row without a line,
// whose status is the report's then, or a line that has no row, when no row is left, or when rejects have
// found something LIMIT_LENIENT_ROUNDS times. ERR_BUSY when the rows' budget is spent. Other errors are those
// of batch_check and batch_insert.
MUST_CHECK enum err_code lenient_check(const struct batch_run *run, struct rows *rows, struct err *err);

#endif
