// SPDX-License-Identifier: Apache-2.0
// Virtual tables that a statement reads.
#ifndef RECKONER_STORE_SQLITE_VIRTUAL_H
#define RECKONER_STORE_SQLITE_VIRTUAL_H

#include "store/driver.h"

// ERR_CONFIG when the statement reads a virtual table of the app's whose module may work for long in one step
// of SQLite's machine, where no deadline ends it: all but R*Trees. Outside of a transaction. Errors of the
// store.
MUST_CHECK enum err_code sqlite_refuse_virtual(struct store_stmt *base, struct err *err);

#endif
