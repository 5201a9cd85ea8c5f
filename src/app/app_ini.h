// SPDX-License-Identifier: Apache-2.0
// app.ini: the title and the cache of an app, what it loads at its first start, whom it tells of batches, and
// who may ask it (access, plans, issuers, CORS); files that it watches and reloads, and where old rows go.
#ifndef RECKONER_APP_APP_INI_H
#define RECKONER_APP_APP_INI_H

#include <stdbool.h>

#include "app/app.h"
#include "base/err.h"

// Reads `text`, the content of `file`, into the app, whose endpoints are there already; both texts have to
// live as long as the app. With `is_complete` false some endpoint files could not be read, and a line for an
// unknown endpoint is not reported. What is wrong goes into `diags`. ERR_NO_MEMORY only.
MUST_CHECK enum err_code app_ini_read(const char *file, struct span text, bool is_complete, struct app *app,
    struct diags *diags, struct err *err);

#endif
