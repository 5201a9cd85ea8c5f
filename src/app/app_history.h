// SPDX-License-Identifier: Apache-2.0
// The section [history] of app.ini: whose old rows go to an archive. Private to app_ini.c. One thread.
#ifndef RECKONER_APP_APP_HISTORY_H
#define RECKONER_APP_APP_HISTORY_H

#include <stdbool.h>

#include "app/app.h"
#include "app/diag.h"
#include "base/err.h"
#include "text/ini.h"

// What has been read of the section. Zeroed but for the first three, it is ready.
struct history_lines {
    const char *file;     // for messages; borrowed, and kept in the app's rules as a copy
    struct app *app;      // filled
    struct diags *diags;  // where errors go
    size_t room;          // rules for which the array has room
    enum err_code status; // ERR_NO_MEMORY, or ERR_NONE
};

// Whether the section is this one.
bool history_lines_have(struct span section);

// Reads one line of it.
void history_lines_read(struct history_lines *lines, const struct ini_entry *entry);

// Behind the last line of app.ini: endpoints of PostgreSQL that write to such a table get a statement of
// their own, which fetches archived rows that come anew.
void history_lines_finish(struct history_lines *lines);

#endif
