// SPDX-License-Identifier: Apache-2.0
// Counts what clients use while requests end. Each loop counts in a table of its own, without a lock; one
// other thread takes the tables away, to add them up and write them (flusher.h):
//
//     slot of a loop    none ──────────► in hand ──────────► there ──────────► none
//                          loop: makes     │   ▲  loop: done     taker: takes
//                          one, wakes      └───┘
//                          the taker       loop: full: to the list, with the next one in hand
//
// A table that is full goes to a list, which wakes the taker. What finds neither room nor memory is not
// counted: meter_lost tells how many requests that were.
#ifndef RECKONER_ACCESS_METER_H
#define RECKONER_ACCESS_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access/usage_table.h"
#include "base/err.h"

struct meter;

// A meter for so many threads, each with a slot; most are loops. ERR_NO_MEMORY.
MUST_CHECK enum err_code meter_new(size_t slots, struct meter **ret_meter, struct err *err);

// Frees it, and what was not taken. NULL is fine.
void meter_free(struct meter *meter);

// Counts something by key; its texts are copied. On the thread that has the slot of that number, or on the
// one that frees it.
void meter_count(
    struct meter *meter, size_t number, const struct usage_key *key, const struct usage_counts *counts);

// --- the taker's, one thread

// Waits until something was counted since meter_take, or until meter_wake.
void meter_wait(struct meter *meter);

// Waits until a table is full, until meter_wake, or until this moment of the monotonic clock.
void meter_wait_full(struct meter *meter, uint64_t end_ns);

// Ends a wait, or the next one. Any thread.
void meter_wake(struct meter *meter);

// Takes all that was counted: tables chained by `next`, which the caller owns (meter_drop); NULL: none. What
// a loop has in hand at the moment is left to the next call; *ret_is_all is false then.
struct usage_table *meter_take(struct meter *meter, bool *ret_is_all);

// Frees a table that was taken.
void meter_drop(struct usage_table *table);

// How many requests were not counted since the last call, for want of memory. Any thread.
uint64_t meter_lost(struct meter *meter);

#endif
