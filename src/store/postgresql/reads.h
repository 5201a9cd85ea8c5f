// SPDX-License-Identifier: Apache-2.0
// The tables that a statement reads, and whether all of them have versions.
#ifndef RECKONER_STORE_POSTGRESQL_READS_H
#define RECKONER_STORE_POSTGRESQL_READS_H

#include <stdbool.h>

#include "base/err.h"
#include "store/store.h"

MUST_CHECK enum err_code pg_reads(
    struct store_stmt *base, void (*on_table)(void *ctx, const char *table), void *ctx, struct err *err);
MUST_CHECK enum err_code pg_versions_cover(struct store_stmt *base, bool *ret_is_covered, struct err *err);

#endif
