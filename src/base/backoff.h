// SPDX-License-Identifier: Apache-2.0
// How long to wait before something that has failed is tried again.
#ifndef RECKONER_BASE_BACKOFF_H
#define RECKONER_BASE_BACKOFF_H

#include <stdint.h>

// After so many failures in a row, 1 or more: the first pause, which each further failure doubles, up to
// `most_ms`.
static inline uint64_t backoff_ms(unsigned failures, uint64_t first_ms, uint64_t most_ms)
{
    uint64_t ms = first_ms;
    while (--failures > 0 && ms < most_ms)
        ms *= 2;
    return ms < most_ms ? ms : most_ms;
}

#endif
