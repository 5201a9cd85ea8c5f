// SPDX-License-Identifier: Apache-2.0
// Ini files, line by line:
//
//   ; a comment, and so is what # begins
//   key = value      ; or key : value; a comment behind it starts with a blank and a ;
//   [section]        ; of the keys below
//
// Blanks around lines, keys and values do not count. What keys and sections there are is left to others.
// Pure; any thread.
#ifndef RECKONER_TEXT_INI_H
#define RECKONER_TEXT_INI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

enum { INI_LINE_BYTES = 198 }; // of a line without the blanks around it: a longer one is a mistake

struct ini {
    struct span rest;    // lines that have not been read; borrowed
    struct span section; // of the last line
    uint32_t line;       // number of the last line; 0 at the start
};

// A line with a key, or one with a problem. All texts are those of the file.
struct ini_entry {
    struct span section; // in which it stands, without brackets; empty above the first
    struct span key;     // may be empty
    struct span value;   // may be empty
    const char *problem; // what is wrong with the line; NULL: nothing, and only then there is a key
    uint32_t line;       // from 1
};

// Starts at the first line of `text`, which stays in place as long as entries are of use. A byte order mark
// is passed over.
void ini_init(struct ini *ini, struct span text);

// The next line that has a key or a problem; false at the end.
MUST_CHECK bool ini_next(struct ini *ini, struct ini_entry *ret_entry);

#endif
