// SPDX-License-Identifier: Apache-2.0
// A query string against an endpoint's @param rules.
#ifndef RECKONER_SERVE_QUERY_H
#define RECKONER_SERVE_QUERY_H

#include "app/app.h"
#include "base/arena.h"
#include "base/err.h"
#include "batch/report.h"

// Reads `query` (the raw text behind "?") into values[endpoint->param_count], which borrow `arena`, the
// endpoint and `query`. Every parameter that is missing, given twice, badly encoded or against its rule is
// reported: ERR_INVALID when one is. Unknown parameters are ignored unless the endpoint is @strict.
// ERR_TOO_LARGE when the arena is full.
MUST_CHECK enum err_code query_read(const struct endpoint *endpoint, struct span query, struct arena *arena,
    struct value *values, struct report *report, struct err *err);

#endif
