// SPDX-License-Identifier: Apache-2.0
// Reads the system's two clocks. Any thread.
#include "base/clock.h"

#include <assert.h>

uint64_t clock_monotonic_ns(void)
{
    struct timespec now;
    int failed = clock_gettime(CLOCK_MONOTONIC, &now);
    assert(!failed);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_coarse_ns(void)
{
    struct timespec now;
    int failed = clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    assert(!failed);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

int64_t clock_wall_us(void)
{
    struct timespec now;
    int failed = clock_gettime(CLOCK_REALTIME, &now);
    assert(!failed);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return clock_wall_us() / 1000;
}

void clock_pause(uint64_t ns)
{
    struct timespec pause = clock_timespec(ns);
    nanosleep(&pause, NULL);
}
