// SPDX-License-Identifier: Apache-2.0
// Versions whose numbers a driver's thread sets: a slot for each table, found by the table's name. A slot
// stays at its address until the store is closed, so its number can be read without a lock.
#ifndef RECKONER_STORE_VERSION_SLOTS_H
#define RECKONER_STORE_VERSION_SLOTS_H

#include <pthread.h>

#include "store/driver.h"

struct version_slot; // version_slots.c

struct version_slots {
    pthread_mutex_t lock;         // guards what follows, and all of the slots but their numbers
    struct version_slot *by_name; // owned; a hash table
    size_t count;                 // of slots; at most LIMIT_VERSIONS
    uint64_t last;                // number given out
    uint64_t round;               // of setting the numbers; those of the round before are not known any more
};

void version_slots_init(struct version_slots *slots);
void version_slots_fini(struct version_slots *slots);

// The slot of a name, made if there is none; NULL past LIMIT_VERSIONS, and without memory. Any thread.
const struct version *version_slots_find(struct version_slots *slots, const char *name);

// --- the thread that sets the numbers: begin, one set for each table, end; the lock is held in between

void version_slots_begin(struct version_slots *slots);

// The database counts `stamp` for this table now. The number is a new one unless it did so in the round
// before.
void version_slots_set(struct version_slots *slots, const char *name, int64_t stamp);

// What was not set since version_slots_begin is not known.
void version_slots_end(struct version_slots *slots);

#endif
