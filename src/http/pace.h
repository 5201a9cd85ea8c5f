// SPDX-License-Identifier: Apache-2.0
// Whether a client keeps up, window by window: in each one it has to move its share of bytes, whatever it
// moved before. So bytes that came fast buy no time to hold them for. `now_ms` is a parameter.
#ifndef RECKONER_HTTP_PACE_H
#define RECKONER_HTTP_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
    uint64_t since_ms; // when the window began
    uint64_t since;    // the count of bytes at that time
};

// What a client must do in a window.
struct pace_limit {
    uint64_t window_ms; // its length, but for how often somebody looks
    uint64_t rate;      // bytes a second; 0 asks for none
};

// A window begins. `count` is of bytes moved so far, and never goes down.
void pace_start(struct pace *pace, uint64_t count, uint64_t now_ms);

// The window begins anew, after a time in which nothing could be moved. What was moved in it before counts.
void pace_resume(struct pace *pace, uint64_t now_ms);

// Whether a window is over in which fewer bytes were moved than limit's rate asks for in a window. When
// enough were, the next one begins.
bool pace_is_slow(struct pace *pace, const struct pace_limit *limit, uint64_t count, uint64_t now_ms);

#endif
