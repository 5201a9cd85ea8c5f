// SPDX-License-Identifier: Apache-2.0
// The section [reload] of app.ini: files that are loaded each time that they have changed. Private to
// app_ini.c. One thread.
#ifndef RECKONER_APP_APP_RELOAD_H
#define RECKONER_APP_APP_RELOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "app/ini_reading.h"
#include "base/err.h"

// What has been read of the section. Zeroed but for the first, it is ready.
struct reload_reading {
    struct ini_reading *ini; // borrowed
    size_t room;             // lines for which the array has room
    uint32_t at_line;        // of at; 0: it is not there
    uint32_t quiet_line;     // of quiet, likewise
};

// Reads a line with a key that names no endpoint.
void reload_reading_set(struct reload_reading *reading, const struct ini_entry *entry);

// Reads a line for an endpoint, which may be NULL where that is wrong and has been told.
void reload_reading_add(
    struct reload_reading *reading, const struct ini_entry *entry, const struct endpoint *endpoint);

// Behind the last line of app.ini.
void reload_reading_finish(struct reload_reading *reading);

#endif
