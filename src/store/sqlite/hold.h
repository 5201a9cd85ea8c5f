// SPDX-License-Identifier: Apache-2.0
// A store's file held for oneself while no process has it open: whoever comes waits, as for any lock.
#ifndef RECKONER_STORE_SQLITE_HOLD_H
#define RECKONER_STORE_SQLITE_HOLD_H

#include "base/err.h"

// Zeroed, it holds nothing.
struct sqlite_hold {
    int fd; // owned; 0: none
};

// Takes it; where there is no file there is nothing to hold. ERR_BUSY while a process, this one too, has it
// open by SQLite; the text has its number where the kernel tells. ERR_IO.
//
// For a process that does not serve the file. What was opened for the hold is closed again, and that takes
// from the process all locks that its own connections have on the file (resident.c).
MUST_CHECK enum err_code sqlite_hold_take(struct sqlite_hold *hold, const char *path, struct err *err);

void sqlite_hold_fini(struct sqlite_hold *hold);

#endif
