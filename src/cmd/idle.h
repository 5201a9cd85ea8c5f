// SPDX-License-Identifier: Apache-2.0
// For how long a server has had nothing to do. On the main thread.
#ifndef RECKONER_CMD_IDLE_H
#define RECKONER_CMD_IDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "serve/server.h"

struct idle {
    uint64_t after_ns; // without work it is over; 0: never
    uint64_t since_ns; // when something was seen to be done last
    uint64_t look_ns;  // when to look next
    uint64_t accepted; // connections, as they were counted then
};

void idle_init(struct idle *idle, uint64_t after_ms, uint64_t now_ns);

// Until when there is nothing to look at; UINT64_MAX: for ever.
uint64_t idle_next_ns(const struct idle *idle);

// Whether no connection was open and nothing was written for so long.
bool idle_is_over(struct idle *idle, const struct server_activity *activity, uint64_t now_ns);

#endif
