// SPDX-License-Identifier: Apache-2.0
// Whether the order of rows says for certain which of them a LIMIT lets through. On the statement's thread.
#ifndef RECKONER_APP_LIMIT_ADVICE_H
#define RECKONER_APP_LIMIT_ADVICE_H

#include <stdbool.h>

#include "app/endpoint.h"
#include "app/place.h"
#include "base/err.h"
#include "store/store.h"

// Looks at every LIMIT of the statement, and for one of a @page at its end as if a LIMIT stood there. Tells
// `on_advice` of rows that are cut without an ORDER BY at the same level, and of an ORDER BY of plain
// columns that, with the columns that are held by an =, have no unique key of a table. `stmt` is the
// statement, prepared. ERR_NO_MEMORY; errors of the store.
MUST_CHECK enum err_code limit_advise(const struct statement *statement, bool is_paged,
    struct store_stmt *stmt, void (*on_advice)(void *ctx, struct place inside, const char *text), void *ctx,
    struct err *err);

#endif
