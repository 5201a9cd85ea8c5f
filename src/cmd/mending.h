// SPDX-License-Identifier: Apache-2.0
// Waiting, before a server with --watch has begun, for apps with errors to be edited. On the main thread.
#ifndef RECKONER_CMD_MENDING_H
#define RECKONER_CMD_MENDING_H

#include <stddef.h>

struct mending;

// Watches the apps' folders, which are borrowed. Create it before the files are read. NULL after a message.
struct mending *mending_new(const char *const *dirs, size_t count);

// Returns when a file has changed since it was called last, or since mending_new, and none has changed for
// LIMIT_RELOAD_QUIET_MS.
void mending_wait(struct mending *mending);

// NULL is fine.
void mending_free(struct mending *mending);

#endif
