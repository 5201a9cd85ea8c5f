// SPDX-License-Identifier: Apache-2.0
// Where @parallel is surely wrong. What it may do is base/limits.h's and batch/lane.h's to say.
#ifndef RECKONER_APP_PARALLEL_H
#define RECKONER_APP_PARALLEL_H

#include "app/diag.h"
#include "app/plan.h"
#include "base/err.h"

// Reports in `diags` each @reject that reads a table of the database, of an endpoint with @parallel: what it
// has found need not hold any more when the batch writes. Asks the store, outside of a transaction. Errors of
// the store.
MUST_CHECK enum err_code parallel_check(const struct plan *plan, struct diags *diags, struct err *err);

#endif
