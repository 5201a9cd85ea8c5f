// SPDX-License-Identifier: Apache-2.0
// An upsert whose own GROUP BY rules out that it meets one key twice. Pure; any thread.
#ifndef RECKONER_STORE_SQLITE_GROUPED_H
#define RECKONER_STORE_SQLITE_GROUPED_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"

// Whether `sql` is INSERT INTO t (a, b, c) … SELECT x, y, … GROUP BY x, y ON CONFLICT (a, b) DO UPDATE …: all
// that it groups by is part of the key, so each key comes once. False also where that is not easily seen.
MUST_CHECK bool sqlite_is_grouped(struct span sql);

#endif
