// SPDX-License-Identifier: Apache-2.0
// app.ini: an app's title, what it loads at its first start, and whom it tells of batches.
#ifndef RECKONER_APP_APP_INI_H
#define RECKONER_APP_APP_INI_H

#include <stdbool.h>

#include "app/app.h"
#include "base/err.h"

// Reads `text`, the content of `file`, into app's title and loads; both have to live as long as the app. The
// endpoints are there already. With `is_complete` false some endpoint files could not be read, and a load of
// an unknown endpoint is not reported. What is wrong goes into `diags`. ERR_NO_MEMORY only.
MUST_CHECK enum err_code app_ini_read(const char *file, struct span text, bool is_complete, struct app *app,
    struct diags *diags, struct err *err);

#endif
