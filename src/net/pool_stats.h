// SPDX-License-Identifier: Apache-2.0
// What a pool does at one moment, of either kind.
#ifndef RECKONER_NET_POOL_STATS_H
#define RECKONER_NET_POOL_STATS_H

#include <stddef.h>
#include <stdint.h>

struct pool_stats {
    size_t places;       // tasks that it runs at a time; of a pool with shares, quick ones
    size_t places_taken; // of them that run now
    size_t long_running; // long tasks that run beside them; a plain pool has none
    size_t queued;       // tasks that wait for a place
    size_t long_queued;  // tasks that wait for their shares; a plain pool has none
    size_t max_queued;   // tasks that may wait for a place
    size_t refused;      // since the start: tasks without room, and those that have waited for too long
    uint64_t oldest_ns;  // came_ns of the task that waits longest for a place; 0: none does
};

#endif
