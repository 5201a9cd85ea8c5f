// SPDX-License-Identifier: Apache-2.0
// Taking away all that an app has in its file.
#ifndef RECKONER_STORE_SQLITE_EMPTY_H
#define RECKONER_STORE_SQLITE_EMPTY_H

#include "store/driver.h"

MUST_CHECK enum err_code sqlite_empty(struct store_conn *base, struct err *err);

#endif
