// SPDX-License-Identifier: Apache-2.0
// The pause between two lines of a log that are alike, so that nobody fills it by asking. Any thread.
#ifndef RECKONER_SERVE_LOG_PAUSE_H
#define RECKONER_SERVE_LOG_PAUSE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

// A zeroed one is over.
struct log_pause {
    atomic_ullong end_ns; // monotonic
};

// Whether the pause is over; then another one of that length begins. Of several callers at a time one gets
// true.
bool log_pause_take(struct log_pause *pause, uint64_t length_ns);

#endif
