// SPDX-License-Identifier: Apache-2.0
// What is told of a store whose last end was not a clean one.
#ifndef RECKONER_CMD_RECOVERED_H
#define RECKONER_CMD_RECOVERED_H

#include "store/store.h"

// A line on stderr, where opening the store had to bring back what a process that was killed has left;
// `shown` names the store. Right after store_open.
void recovered_tell(struct store *store, const char *shown);

#endif
