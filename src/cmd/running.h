// SPDX-License-Identifier: Apache-2.0
// A server that runs: the states that it goes through, and what a signal does in each. On the main thread.
//
//     STARTING ─► READY ─ TERM, INT ─► NOTICE ─► DRAINING ─► ENDED
//                 │   ▲           └───────────────▲   ▲
//            USR2 │   │ the new process ended     │   │
//                 ▼   │                           │   │
//                 UPGRADING ─ TERM, INT ──────────┘   │
//                 │   ▲                               │
//    it is ready  ▼   │ (by READY)                    │
//                 LEAVING ─ LIMIT_LEAVING_MS ─────────┘
//
// STARTING  no signal is looked at yet; those of the set wait
// READY     requests are answered
// NOTICE    as before, but a balancer is told to go elsewhere
// UPGRADING as before; a new process is starting
// LEAVING   idle connections go to the new process, and all who come are its own; if it ended, all would
//           be READY here again
// DRAINING  what runs is finished, on a thread of its own
// ENDED     no thread of the server is left
#ifndef RECKONER_CMD_RUNNING_H
#define RECKONER_CMD_RUNNING_H

#include <stddef.h>

#include "cmd/options.h"
#include "cmd/reload.h"
#include "cmd/sockets.h"
#include "serve/server.h"
#include "serve/service.h"

// Has the signals of a running server wait from here on, but those that end a process: so a SIGHUP that comes
// before the first request does not end it. First of all, before there are other threads.
void running_hold_signals(void);

// Runs a server for the opened services until a signal ends it. All is closed when it returns, the services
// too. `reload` is run at SIGHUP. `predecessor` is whom this process replaces, and is taken; NULL: nobody.
// Returns the exit code of the command, after a message where the server could not start.
int running_run(const struct options *options, struct reload *reload, struct server_options *server_options,
    struct sockets *sockets, struct predecessor *predecessor, struct service *services, size_t count);

#endif
