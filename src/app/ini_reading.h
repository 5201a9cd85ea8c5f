// SPDX-License-Identifier: Apache-2.0
// What all that read sections of app.ini share. One thread.
#ifndef RECKONER_APP_INI_READING_H
#define RECKONER_APP_INI_READING_H

#include "app/app.h"
#include "app/diag.h"
#include "base/err.h"
#include "text/ini.h"

struct ini_reading {
    const char *file;     // for messages; borrowed, as what follows
    struct app *app;      // filled
    struct diags *diags;  // where errors go
    enum err_code status; // ERR_NO_MEMORY once there was none, or ERR_NONE
};

// Reports what is wrong with a line.
#define INI_FAIL(ini, line, ...) diags_add((ini)->diags, (ini)->file, (line), 0, __VA_ARGS__)

#endif
