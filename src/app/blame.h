// SPDX-License-Identifier: Apache-2.0
// Whose fault it is that a statement could not work with a value (ERR_VALUE): a parameter's of the request,
// or the app's own. On the thread of the plan's connection.
#ifndef RECKONER_APP_BLAME_H
#define RECKONER_APP_BLAME_H

#include "app/plan.h"
#include "app/report.h"

// The code of the faults: "value".
extern const char BLAME_CODE[];

// Runs the statement of a read that has ended with ERR_VALUE (or ERR_CONSTRAINT: a function's own RAISE)
// again, with other parameters, each time in a transaction of its own. Where it fails the same with all of
// them exchanged, no parameter explains it, and *err becomes ERR_STORE. Else its code stays, the text of
// ERR_VALUE quotes nothing that the client has not sent, and the parameters whose change helps are added to
// `report`. Takes LIMIT_BLAME_MS at most, and not beyond `deadline_ns` (monotonic); what is not known by then
// is the request's fault. `scratch` is an empty spool, which is left with bytes of no use. Returns err's
// code.
enum err_code blame_params(struct plan *plan, const struct value *params, uint64_t deadline_ns,
    struct spool *scratch, struct report *report, struct err *err);

// A value of a parameter's or field's type with which hardly any statement has trouble.
struct value blame_harmless(const struct rule *rule);

// One that hardly any table has already; null of a boolean.
struct value blame_rare(const struct rule *rule);

// Whether `quoted` is part of one of the values, as a report shows them.
bool blame_is_part(struct span quoted, const struct value *values, size_t count);

#endif
