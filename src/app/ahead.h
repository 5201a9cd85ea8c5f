// SPDX-License-Identifier: Apache-2.0
// Asking ahead: a read whose checks have passed for a while asks for its answer along with them, and asks the
// checks as one statement, the merged check. plan_ask, plan_goes_together and plan_took (plan.h) are here as
// well. Private to plan.c. The plan's thread.
#ifndef RECKONER_APP_AHEAD_H
#define RECKONER_APP_AHEAD_H

#include "app/plan_parts.h"

// Finds the sole answer of a plan whose statements are prepared, and prepares the merged check where it is of
// use. Where checks cannot be merged there is none, which is no error. Errors of the store.
MUST_CHECK enum err_code ahead_prepare(struct plan *plan, struct err *err);

// Whether the answer is worth asking for together with the checks that may refuse it: for a read that has not
// been refused of late. One that is refused after all has cost the store the beginning of its answer.
bool ahead_is_worthwhile(const struct plan *plan);

// Runs the merged check, which is bound. ERR_AGAIN where a check finds something: asking which takes another
// transaction, as this one may have ended along with the answer. Errors of the store. After any of them
// nothing is bound.
MUST_CHECK enum err_code ahead_pass(struct plan *plan, struct err *err);

// Tells whether the checks of a read, run by themselves, have let it pass.
void ahead_learn(struct plan *plan, bool is_passed);

// Resets every statement that is bound.
void ahead_forget(struct plan *plan);

#endif
