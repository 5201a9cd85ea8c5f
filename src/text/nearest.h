// SPDX-License-Identifier: Apache-2.0
// What a misspelt word was most likely meant to be. Any thread.
#ifndef RECKONER_TEXT_NEAREST_H
#define RECKONER_TEXT_NEAREST_H

#include <stddef.h>

#include "base/span.h"

// How many ASCII letters, of either case, have to be added, taken away, changed, or exchanged with their
// neighbours to make one word of the other. Words of more than 32 bytes are NEAREST_FAR from all others.
enum { NEAREST_FAR = 99 };
size_t nearest_edits(struct span from, struct span to);

// The one of `count` known words that `word` is most likely meant to be, or NULL when none is near: at most
// two edits, and less than half of the known word.
const char *nearest_of(struct span word, const char *const *known, size_t count);

// The same of a table whose items, `size` bytes each, begin with a `const char *`, the known word.
const char *nearest_in(struct span word, const void *table, size_t count, size_t size);

#endif
