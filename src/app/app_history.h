// SPDX-License-Identifier: Apache-2.0
// The section [history] of app.ini: whose old rows go to an archive. Private to app_ini.c. One thread.
#ifndef RECKONER_APP_APP_HISTORY_H
#define RECKONER_APP_APP_HISTORY_H

#include <stdbool.h>

#include "app/ini_reading.h"
#include "base/err.h"

// What has been read of the section. Zeroed but for the first, it is ready.
struct history_lines {
    struct ini_reading *ini; // borrowed
    size_t room;             // rules for which the array has room
};

// Reads one line of it.
void history_lines_read(struct history_lines *lines, const struct ini_entry *entry);

// Behind the last line of app.ini: endpoints of PostgreSQL that write to such a table get a statement of
// their own, which fetches archived rows that come anew.
void history_lines_finish(struct history_lines *lines);

#endif
