// SPDX-License-Identifier: Apache-2.0
// From a place in a piece of a file to the place in the file. Pure; any thread.
#ifndef RECKONER_APP_PLACE_H
#define RECKONER_APP_PLACE_H

#include <stdint.h>

// A line and column, both 1-based, the column in bytes.
struct place {
    uint32_t line;
    uint32_t column;
};

// `start` is where the piece begins in the file; `inside` is a place in the piece, or has line 0 for none.
static inline struct place place_in_file(struct place start, struct place inside)
{
    struct place place = start;
    if (inside.line > 1)
        place = (struct place){.line = start.line + inside.line - 1, .column = inside.column};
    else if (inside.line == 1 && inside.column > 0)
        place.column += inside.column - 1;
    return place;
}

#endif
