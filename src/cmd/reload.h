// SPDX-License-Identifier: Apache-2.0
// SIGHUP: the configuration is read anew, and what may change while the server runs takes effect; then all
// apps are read anew. What is wrong is logged, and changes nothing. On the main thread.
#ifndef RECKONER_CMD_RELOAD_H
#define RECKONER_CMD_RELOAD_H

#include <stdbool.h>

#include "cmd/help.h"
#include "cmd/logs.h"
#include "cmd/options.h"
#include "http/tls.h"
#include "serve/server.h"

struct reload {
    int argc;                  // as the command was called, and is read again
    char **argv;               // borrowed
    const struct usage *usage; // borrowed
    struct options *options;   // what the server goes by; borrowed, and written to
    struct tls *tls;           // borrowed; NULL: there is none
    struct logs *logs;         // borrowed
    struct options latest;     // owned; as read last: texts of `options` are its own
};

// Sets what of a server's options may change while it runs, at its start, too.
void reload_follow(struct server_options *server_options, const struct options *options);

// Reads all anew. True when it holds; else the log says why not, and all is as before.
bool reload_run(struct reload *reload, struct server *server, struct server_options *server_options);

// A zeroed struct is fine. `options` must not be looked at afterwards.
void reload_fini(struct reload *reload);

#endif
