// SPDX-License-Identifier: Apache-2.0
// What an endpoint's checks find, as the faults of a report. On the thread of the plan's connection.
#ifndef RECKONER_APP_FINDINGS_H
#define RECKONER_APP_FINDINGS_H

#include "app/plan.h"
#include "app/report.h"

// Runs the endpoint's @reject or @warn statements and adds what they find to `report`, in order of line, with
// the status of the first @reject that found something. With stop_at_first no further statement runs after
// one that found something. Errors of plan_find.
MUST_CHECK enum err_code findings_collect(struct plan *plan, enum statement_kind kind,
    const struct value *params, bool stop_at_first, struct report *report, struct err *err);

// The same with a part of these statements.
MUST_CHECK enum err_code findings_collect_part(struct plan *plan, enum statement_kind kind,
    enum check_part part, const struct value *params, bool stop_at_first, struct report *report,
    struct err *err);

// All @reject statements, and on_line is told of each row that they give: its line, 0 where it has none, and
// the status of its @reject.
MUST_CHECK enum err_code findings_collect_lines(struct plan *plan, const struct value *params,
    struct report *report, void (*on_line)(void *ctx, int64_t line, int status), void *ctx, struct err *err);

#endif
