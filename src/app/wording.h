// SPDX-License-Identifier: Apache-2.0
// The database's own words about a value, made fit for a client. Pure; any thread.
#ifndef RECKONER_APP_WORDING_H
#define RECKONER_APP_WORDING_H

#include <stdbool.h>

#include "base/span.h"

// Replaces what `text`, a string, quotes with " or ' by an ellipsis, unless `was_sent` says that the client
// has sent it: else it may be a value that is stored, or a name of the schema.
void wording_hide(char *text, bool (*was_sent)(void *ctx, struct span quoted), void *ctx);

#endif
