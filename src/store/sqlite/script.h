// SPDX-License-Identifier: Apache-2.0
// Scripts.
#ifndef RECKONER_STORE_SQLITE_SCRIPT_H
#define RECKONER_STORE_SQLITE_SCRIPT_H

#include "store/store.h"

MUST_CHECK enum err_code sqlite_exec(struct store_conn *base, struct span sql, struct err *err);

#endif
