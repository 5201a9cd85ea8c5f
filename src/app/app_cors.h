// SPDX-License-Identifier: Apache-2.0
// The section [cors] of app.ini: from which web pages browsers may use the app. Private to app_ini.c. One
// thread.
#ifndef RECKONER_APP_APP_CORS_H
#define RECKONER_APP_APP_CORS_H

#include <stdbool.h>
#include <stdint.h>

#include "app/ini_reading.h"
#include "base/buf.h"
#include "base/err.h"

// What has been read of the section. Zeroed but for the first, it is ready.
struct cors_lines {
    struct ini_reading *ini;   // borrowed
    size_t origin_room;        // origins for which the array has room
    uint32_t first_line;       // of the section; 0: it is not there
    uint32_t all_line;         // of origins = *
    uint32_t origin_line;      // of the first other origin
    uint32_t credentials_line; // likewise
    uint32_t max_age_line;     // likewise
    uint32_t any_header_line;  // of headers = *
    struct buf headers; // owned; that requests may have beside those that the server reads, with commas
    struct buf expose;  // owned; of answers, likewise
    bool has_too_many;  // there were too many origins
    bool has_many;      // names of fields were too long
};

// Reads one line of it.
void cors_lines_read(struct cors_lines *lines, const struct ini_entry *entry);

// Behind the last line of app.ini: makes of them what answers say. Frees what it owns.
void cors_lines_finish(struct cors_lines *lines);

#endif
