// SPDX-License-Identifier: Apache-2.0
// Which writes do not reach archived rows ([history] of app.ini), for the app's author. Pure; any thread.
#ifndef RECKONER_APP_HISTORY_ADVICE_H
#define RECKONER_APP_HISTORY_ADVICE_H

#include "app/app.h"
#include "app/diag.h"

// Looks at each @write of an app that was read without an error: whether it changes or deletes rows of a
// table with a history. The advice goes into `warnings`.
void history_advise(const struct app *app, struct diags *warnings);

#endif
