// SPDX-License-Identifier: Apache-2.0
// The section [watch] of app.ini: folders whose files become batches. Private to app_ini.c. One thread.
#ifndef RECKONER_APP_APP_WATCH_H
#define RECKONER_APP_APP_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "app/ini_reading.h"
#include "base/err.h"

// What has been read of the section. Zeroed but for the first, it is ready.
struct watch_reading {
    struct ini_reading *ini; // borrowed
    size_t room;             // lines for which the array has room
    uint32_t repeats_line;   // of repeats; 0: it is not there
    bool takes_repeats;      // it says again
};

// Reads a line with a key that names no endpoint.
void watch_reading_set(struct watch_reading *reading, const struct ini_entry *entry);

// Reads a line for an endpoint, which may be NULL where that is wrong and has been told.
void watch_reading_add(
    struct watch_reading *reading, const struct ini_entry *entry, const struct endpoint *endpoint);

// Behind the last line of app.ini.
void watch_reading_finish(struct watch_reading *reading);

#endif
