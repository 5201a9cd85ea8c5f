// SPDX-License-Identifier: Apache-2.0
// Versions whose numbers a driver's thread sets: a slot for each table, found by the table's name. A slot
// stays at its address until the store is closed, so its number can be read without a lock.
#ifndef RECKONER_STORE_VERSION_SLOTS_H
#define RECKONER_STORE_VERSION_SLOTS_H

#include <pthread.h>

#include "store/driver.h"
#include "store/name_table.h"

// What a database says of a table in one state; another state differs in one of them.
struct version_stamp {
    uint64_t rows;    // which commits have written to it
    uint64_t history; // of which server and timeline these are
    uint64_t shape;   // what it is: what DDL has made of it
    uint64_t parts;   // of how many partitions it is made, as the database counts them; 0: it has none
};

struct version_slots {
    pthread_mutex_t lock;    // guards what follows, and all of the slots but their numbers
    struct name_table names; // of the slots; at most LIMIT_VERSIONS
    uint64_t last;           // number given out
    uint64_t round;          // of setting the numbers
};

void version_slots_init(struct version_slots *slots);
void version_slots_fini(struct version_slots *slots);

// The slot of a name, made if there is none; NULL past LIMIT_VERSIONS, and without memory. Any thread.
const struct version *version_slots_find(struct version_slots *slots, const char *name);

// The name of the slot; NULL: the version is not one of a slot. Any thread.
const char *version_slots_name(const struct version *version);

// --- what a read has seen; any thread

// The rounds that were ended so far, and the last number that was given out by then.
uint64_t version_slots_round(struct version_slots *slots, uint64_t *ret_last);

// The number of the state with these rows and history, whose shape is that of the round `round`; 0: not
// known, also where the shape has changed since then. A state that no round has told of yet is given its
// number here, and keeps it.
uint64_t version_slots_seen(struct version_slots *slots, const struct version *version, uint64_t rows,
    uint64_t history, uint64_t round);

// The parts that the table has, as the last round that told of it has found them.
uint64_t version_slots_parts(struct version_slots *slots, const struct version *version);

// --- the thread that sets the numbers: begin, one set for each table, end; the lock is held in between

void version_slots_begin(struct version_slots *slots);

// The table is in this state now. The number is a new one unless the table was so in the round before, or a
// read has seen this state since. True: since the round before it has another shape, or is known again.
bool version_slots_set(struct version_slots *slots, const char *name, const struct version_stamp *stamp);

// A new number, for what is no table's slot.
uint64_t version_slots_number(struct version_slots *slots);

// What was not set since version_slots_begin is not known, and what was seen of it is forgotten.
void version_slots_end(struct version_slots *slots);

#endif
