// SPDX-License-Identifier: Apache-2.0
// The sections [jwt NAME] of app.ini: whose tokens the app takes. Private to app_ini.c. One thread.
#ifndef RECKONER_APP_APP_ISSUERS_H
#define RECKONER_APP_APP_ISSUERS_H

#include <stdbool.h>

#include "app/ini_reading.h"
#include "base/err.h"

// What has been read of these sections.
struct issuer_lines {
    struct ini_reading *ini; // borrowed
    struct issuer *items;    // those of the app, while they are written
    struct span last;        // the section that is being read; empty: none
    bool is_known;           // its name could be taken
    bool is_good;            // and no line of it was wrong
    size_t room;             // issuers for which the array has room
};

// Reads one line of them.
void issuer_lines_read(struct issuer_lines *lines, const struct ini_entry *entry);

// Behind the last line of app.ini.
void issuer_lines_finish(struct issuer_lines *lines);

#endif
