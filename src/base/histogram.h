// SPDX-License-Identifier: Apache-2.0
// How many things took how long, in buckets whose bounds never change, so that histograms of several threads
// and of several processes can be added up. Zeroed is an empty one.
//
// Any thread may read one while it is counted in: each number by itself is right, and none ever shrinks.
#ifndef RECKONER_BASE_HISTOGRAM_H
#define RECKONER_BASE_HISTOGRAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/counter.h"

enum { HISTOGRAM_BUCKETS = 17 }; // the last one is for all that took longer than the last bound

struct histogram {
    atomic_uint_fast64_t counts[HISTOGRAM_BUCKETS]; // of each bucket alone
    atomic_uint_fast64_t sum_ns;                    // of all
};

// The same, as it was read.
struct histogram_view {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t sum_ns;
};

// The bounds, from 100 us to 10 s: what takes no longer belongs to the bucket.
extern const uint64_t histogram_bounds_ns[HISTOGRAM_BUCKETS - 1];

static inline size_t histogram_bucket(uint64_t ns)
{
    size_t bucket = 0;
    while (bucket < HISTOGRAM_BUCKETS - 1 && ns > histogram_bounds_ns[bucket])
        bucket++;
    return bucket;
}

// Counts one in a histogram that only the calling thread ever writes.
static inline void histogram_count(struct histogram *histogram, uint64_t ns)
{
    counter_add(&histogram->counts[histogram_bucket(ns)], 1);
    counter_add(&histogram->sum_ns, ns);
}

// Counts one in a histogram that any thread may write.
void histogram_count_shared(struct histogram *histogram, uint64_t ns);

// Adds what a histogram has to a view, which the caller has zeroed before the first.
void histogram_read(const struct histogram *histogram, struct histogram_view *view);

// How many there are in all.
uint64_t histogram_total(const struct histogram_view *view);

#endif
