// SPDX-License-Identifier: Apache-2.0
// What this process knows of those that are told: how many of their hooks are under way, and until when one
// that fails is left alone. Pure but for random numbers; the courier's thread.
//
//     GOOD ─ a failure ─► RESTING ─ its time is over ─► one hook is tried ─ well ─► GOOD
//                            ▲                                └ a failure: a longer rest ─┐
//                            └────────────────────────────────────────────────────────────┘
#ifndef RECKONER_HOOKS_DESTINATION_H
#define RECKONER_HOOKS_DESTINATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum { DESTINATION_TIRED_FAILURES = 5 }; // after which its old hooks are given up

struct destination {
    char *endpoint;          // "POST /prices"; owned
    char *url;               // owned; another one begins anew
    unsigned url_number;     // how many it has had
    unsigned under_way;      // hooks that are taken and not settled
    unsigned failures;       // of posts in a row; 0: it is good
    uint64_t rests_until_ns; // monotonic
    bool is_seen;            // destinations.c's own: the app in force has it
};

// How long a hook waits that was tried `attempts` times, 1 or more: LIMIT_HOOK_PAUSE_MS doubled for each, up
// to LIMIT_HOOK_PAUSE_MAX_MS, give or take a fifth, so that many do not come back at once.
int64_t destination_pause_ms(int64_t attempts);

// How many more of its hooks may be taken.
unsigned destination_room(const struct destination *destination, uint64_t now_ns);

// Whether it has failed so often in a row that its old hooks are given up.
static inline bool destination_is_tired(const struct destination *destination)
{
    return destination->failures >= DESTINATION_TIRED_FAILURES;
}

// A post has failed, or was answered well. `retry_after_s`: what its answer says, 0: nothing.
void destination_note(struct destination *destination, bool is_good, int64_t retry_after_s, uint64_t now_ns);

void destination_fini(struct destination *destination);

#endif
