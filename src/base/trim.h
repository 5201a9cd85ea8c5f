// SPDX-License-Identifier: Apache-2.0
// Giving memory back to the system that the process has freed. The allocator keeps it for the next large
// batch or answer, which may not come for days.
#ifndef RECKONER_BASE_TRIM_H
#define RECKONER_BASE_TRIM_H

#include <stddef.h>

struct trim {
    size_t kept_bytes; // resident, not in use, and not to be given back, as was seen last; zeroed at first
};

// Looks how much memory is resident and not in use, and gives it back when that has grown by
// LIMIT_IDLE_BYTES. Takes milliseconds, and allocations of other threads may wait for it: call it every few
// seconds, on a thread that has nothing else to do.
void trim_idle(struct trim *trim);

#endif
