// SPDX-License-Identifier: Apache-2.0
// What a plan of app.ini allows its clients: a number of something in each window of time.
//
//     [plan gold]
//     requests = 100/second, 1000000/day
//     bytes = 10GiB/month
//     concurrent = 8
//
// In code a plan is a quota, as a plan is of statements (plan.h). Immutable once the app is read.
#ifndef RECKONER_APP_QUOTA_H
#define RECKONER_APP_QUOTA_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/span.h"

enum allowance_of {
    ALLOWANCE_REQUESTS,   //
    ALLOWANCE_ROWS,       // of answers and of batches
    ALLOWANCE_BYTES,      // of the bodies of answers, as they are sent
    ALLOWANCE_BATCHES,    // requests that write
    ALLOWANCE_CONCURRENT, // requests that run at a time
};

enum { ALLOWANCE_POLICY_CHARS = 100 }; // of one in RateLimit-Policy, at most

struct allowance {
    enum allowance_of of;
    uint64_t count;     // 1 to 999,999,999,999,999
    uint32_t window_s;  // in which so many are allowed; 0: of concurrent ones
    struct span name;   // "requests-minute": as answers call it
    struct span policy; // as an item of RateLimit-Policy: "requests-minute";q=100;w=60, the name in quotes
};

struct quota {
    struct span name;             // of the plan
    struct allowance *allowances; // in the order of app.ini; no two of the same thing and window
    size_t count;                 // LIMIT_ALLOWANCES at most
};

// Reads a line of a plan, "requests = 100/second, 1000000/day", and adds what it allows to `quota`, whose
// texts are the arena's. ERR_CONFIG with what is wrong and how it is written; ERR_NO_MEMORY.
MUST_CHECK enum err_code quota_read_line(
    struct quota *quota, struct span key, struct span value, struct arena *arena, struct err *err);

#endif
