// SPDX-License-Identifier: Apache-2.0
// Skips a byte order mark (EF BB BF) at the start of a stream, however the stream is cut. One thread at a
// time.
#ifndef RECKONER_TEXT_BOM_H
#define RECKONER_TEXT_BOM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

struct bom {
    size_t matched; // bytes of the mark that have been seen and held back, 0 to 2
    bool over;      // the stream's start has been decided on
};

// Takes a mark, or what may become one, off the front of *bytes. The result is what earlier calls held back
// and turned out to be no mark: it comes before *bytes. It is constant.
struct span bom_skip(struct bom *bom, struct span *bytes);

// What is held back when the stream ends.
struct span bom_finish(struct bom *bom);

// Length of the mark in front of a text that is there as a whole: 3 or 0.
size_t bom_length(struct span text);

#endif
