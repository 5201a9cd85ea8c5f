// SPDX-License-Identifier: Apache-2.0
// The two clocks. Durations and deadlines use the monotonic one; only dates shown to people use the wall
// clock. Logic takes `now` as a parameter and does not call these itself.
#ifndef RECKONER_BASE_CLOCK_H
#define RECKONER_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_US 1000ull
#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

// Nanoseconds since some fixed moment; never runs backwards (clock_gettime(2), CLOCK_MONOTONIC).
uint64_t clock_monotonic_ns(void);

// The same as it was at the last tick of the system, some milliseconds ago at most: costs a few nanoseconds
// (CLOCK_MONOTONIC_COARSE).
uint64_t clock_coarse_ns(void);

// Milliseconds since 1970-01-01 UTC (CLOCK_REALTIME).
int64_t clock_wall_ms(void);

// The same in microseconds.
int64_t clock_wall_us(void);

// Sleeps; a signal may end it early. On threads that may block.
void clock_pause(uint64_t ns);

// Nanoseconds, a moment of either clock or a duration, as the system's calls take them.
static inline struct timespec clock_timespec(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

#endif
