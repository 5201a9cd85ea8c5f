// SPDX-License-Identifier: Apache-2.0
// Where a backup is brought back to.
#ifndef RECKONER_STORE_BACKUP_TARGET_H
#define RECKONER_STORE_BACKUP_TARGET_H

#include <stdbool.h>

#include "base/buf.h"

struct backup_target {
    const char *url;   // of the store; borrowed
    const char *name;  // of the app; borrowed
    bool moves_aside;  // a store that holds something; else it is refused
    struct buf *aside; // borrowed; what was moved is told there
};

#endif
