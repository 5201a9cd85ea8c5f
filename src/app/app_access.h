// SPDX-License-Identifier: Apache-2.0
// The sections [access] and [plan NAME] of app.ini: whom the app lets in, and what it allows them. Private to
// app_ini.c. One thread.
#ifndef RECKONER_APP_APP_ACCESS_H
#define RECKONER_APP_APP_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "app/ini_reading.h"
#include "base/err.h"

// What has been read of these sections.
struct access_lines {
    struct ini_reading *ini;   // borrowed
    struct span plan;          // of the keys: [access] plan; empty: none
    struct span open_plan;     // of those without a key; likewise
    uint32_t plan_line;        //
    uint32_t open_line;        //
    uint32_t default_line;     // of the line default; 0: none
    uint32_t query_line;       // likewise
    uint32_t usage_line;       // likewise
    uint32_t certificate_line; // likewise
    bool usage_is_off;         //
    bool has_access;           // a line of [access] was there
    struct span last_plan;     // the section of the plan that is being read
    bool plan_is_good;         // its name could be taken
    size_t quota_room;         // plans for which the array has room
};

// Reads one line of them.
void access_lines_read(struct access_lines *lines, const struct ini_entry *entry);

// Behind the last line, or where there is no app.ini: applies the app's standard to its endpoints, and finds
// the plans that are named.
void access_lines_finish(struct access_lines *lines);

#endif
