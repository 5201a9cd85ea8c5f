// SPDX-License-Identifier: Apache-2.0
// Which texts came before, by their hashes. Two texts of one hash are taken for the same one, so a text may
// seem to have come that has not, hardly ever; never the other way round. Bounded. One thread at a time.
#ifndef RECKONER_TEXT_VALUE_SET_H
#define RECKONER_TEXT_VALUE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

struct value_set {
    uint64_t *slots; // owned; 0: free
    size_t count;    // texts
    size_t room;     // slots, a power of 2; 0: none yet
    size_t max;      // texts at most
    bool is_lost;    // there were more, or no memory for them: it knows nothing any more
};

// Makes an empty set of at most `max` texts.
void value_set_init(struct value_set *set, size_t max);

// Frees; a zeroed set is fine.
void value_set_fini(struct value_set *set);

// Puts the text in. False when it was there; true for a set that is lost, too.
bool value_set_add(struct value_set *set, struct span text);

// Gives the memory back, and adds no more.
void value_set_lose(struct value_set *set);

#endif
