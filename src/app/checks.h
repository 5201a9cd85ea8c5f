// SPDX-License-Identifier: Apache-2.0
// The checks of a plan, run one after the other. Private to plan.c and ahead.c. The plan's thread.
#ifndef RECKONER_APP_CHECKS_H
#define RECKONER_APP_CHECKS_H

#include "app/plan_parts.h"

// Whom a run tells of what it finds, as plan_find has it.
struct finder {
    bool (*on_finding)(void *ctx, const struct finding *finding); // false: it wants no more
    void *ctx;                                                    // handed to it
    bool stop_at_first; // no check runs after one that found something
};

// Binds these checks of a kind, all before the first one runs: a store on another machine is asked once then.
// Errors of store_bind; those before the one that failed stay bound.
MUST_CHECK enum err_code checks_bind(struct plan *plan, enum statement_kind kind, enum check_part part,
    const struct value *params, struct err *err);

// Resets the checks of a kind, bound or not.
void checks_reset(struct plan *plan, enum statement_kind kind);

// Runs these checks of a kind; binds each one first where nothing is bound. *ret_has_found is also set on
// failure: whether any of them gave a row. Errors of the store, and those of plan_find for the columns of a
// row.
MUST_CHECK enum err_code checks_run(struct plan *plan, enum statement_kind kind, enum check_part part,
    const struct value *params, const struct finder *finder, bool *ret_has_found, struct err *err);

#endif
