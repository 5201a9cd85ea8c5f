// SPDX-License-Identifier: Apache-2.0
// systemd, as the supervisor of a server: what it is told of the server's states, and what it asks for
// (sd_notify(3), sd_watchdog_enabled(3)). Without systemd nothing is told, and nothing is asked for. On the
// main thread.
#ifndef RECKONER_CMD_SUPERVISOR_H
#define RECKONER_CMD_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "serve/server.h"

struct supervisor {
    uint64_t watchdog_ns;  // within which it wants a sign of life; 0: it does not
    uint64_t sign_at_ns;   // when the next one is due
    uint64_t status_at_ns; // when the status line is made anew
    char status[256];      // as it was told last
};

// `is_heir`: the process took over from another one, which the supervisor still takes for the service.
void supervisor_init(struct supervisor *supervisor, bool is_heir);

// The server answers requests. An heir names itself, and is the service from here on.
void supervisor_ready(struct supervisor *supervisor, bool is_heir, uint64_t now_ns);

// It reads its configuration anew, until supervisor_reloaded.
void supervisor_reloading(void);
void supervisor_reloaded(void);

// It is going to end, in so many milliseconds at the latest.
void supervisor_stopping(uint64_t end_ms);

// Until when nothing has to be told.
uint64_t supervisor_next_ns(const struct supervisor *supervisor);

// Gives a sign of life, if all loops turn, and tells the status.
void supervisor_look(struct supervisor *supervisor, struct server *server, uint64_t now_ns);

#endif
