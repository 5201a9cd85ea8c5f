// SPDX-License-Identifier: Apache-2.0
// What lies in an app's folder and is not read, though it seems to be meant. Any thread.
#ifndef RECKONER_APP_STRAYS_H
#define RECKONER_APP_STRAYS_H

#include "app/diag.h"

// Reports what would be passed over without a word in the app's folder and its schema/ and tests/: files
// whose ending is nearly the right one, files in a folder below, folders with nearly the right name. A folder
// that cannot be read is passed over: who reads its files says so.
void strays_tell(const char *dir, struct diags *diags);

#endif
