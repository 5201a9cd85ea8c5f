// SPDX-License-Identifier: Apache-2.0
// Tells the log of connections that http has closed before any request, as what a proxy has to say of them
// was not there; a line a second at most. Any thread.
#ifndef RECKONER_SERVE_TURNED_AWAY_H
#define RECKONER_SERVE_TURNED_AWAY_H

#include <stdatomic.h>

#include "base/log.h"
#include "serve/log_pause.h"

// A zeroed one is ready.
struct turned_away {
    struct log_pause pause; // of the log
    atomic_uint untold;     // connections since it was told
};

// One more, of that peer, and why.
void turned_away_tell(struct turned_away *turned_away, struct log *log, const char *peer, const char *why);

#endif
