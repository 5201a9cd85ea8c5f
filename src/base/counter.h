// SPDX-License-Identifier: Apache-2.0
// A counter that one thread writes and any thread reads. It costs a load and a store, and no locked
// instruction.
#ifndef RECKONER_BASE_COUNTER_H
#define RECKONER_BASE_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

// Adds to a counter that only the calling thread ever writes.
static inline void counter_add(atomic_uint_fast64_t *counter, uint64_t number)
{
    uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, before + number, memory_order_relaxed);
}

// What it has now; also of one that several threads write.
static inline uint64_t counter_read(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
