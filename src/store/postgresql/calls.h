// SPDX-License-Identifier: Apache-2.0
// Whether a statement's result hangs on more than rows and parameters: on functions and texts that mean the
// time, chance, or the session.
#ifndef RECKONER_STORE_POSTGRESQL_CALLS_H
#define RECKONER_STORE_POSTGRESQL_CALLS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"

MUST_CHECK enum err_code pg_versions_miss(struct store_stmt *base, struct buf *why, struct err *err);

#endif
