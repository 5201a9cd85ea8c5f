// SPDX-License-Identifier: Apache-2.0
// What a plan of app.ini allows a client: so many requests, rows, bytes or batches in a window of time, and
// so many requests at once. In code a plan is a quota, as `plan` is a word of statements. Immutable; the
// app's.
#ifndef RECKONER_APP_QUOTA_H
#define RECKONER_APP_QUOTA_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum allowance_of {
    ALLOWANCE_REQUESTS,   // of whatever outcome, once the client is known
    ALLOWANCE_ROWS,       // of answers
    ALLOWANCE_BYTES,      // of the bodies of answers
    ALLOWANCE_BATCHES,    // requests that write
    ALLOWANCE_CONCURRENT, // requests that run at a time, in one process
};

struct allowance {
    enum allowance_of of;
    uint64_t count;    // 1 to 10^15 - 1, the largest integer of a structured field (RFC 9651)
    uint32_t window_s; // of a second, minute, hour, day or month of 30 days; 0 for concurrent
    struct span name;  // for RateLimit: "requests-minute", "concurrent"
};

struct quota {
    struct span name; // of [plan NAME]
    struct allowance *allowances;
    size_t count;  // LIMIT_ALLOWANCES at most; each (of, window) once
    uint32_t line; // of its section in app.ini
};

#endif
