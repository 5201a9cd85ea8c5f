// SPDX-License-Identifier: Apache-2.0
// Reads the folder of an app. One thread; the app is immutable when it is handed out.
#ifndef RECKONER_APP_APP_READ_H
#define RECKONER_APP_APP_READ_H

#include "app/app.h"
#include "app/diag.h"

// Reads the folder `dir` for a store of that kind ("sqlite"): name.sql on every kind, name.sqlite.sql on that
// one only, and instead of name.sql. Every error of every file goes into `diags`; ERR_CONFIG when there is
// one. Then *ret_app is set too, to an app of the files without errors, so that app_check can look for more.
// ERR_NO_MEMORY. The caller owns one reference.
MUST_CHECK enum err_code app_read(
    const char *dir, const char *store_kind, struct diags *diags, struct app **ret_app, struct err *err);

// Whether an app may have that name, which becomes part of file names, URLs and log lines: lower-case
// letters, digits, - and _, with a letter in front.
bool app_may_be_named(const char *name);

#endif
