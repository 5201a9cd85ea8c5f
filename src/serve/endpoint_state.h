// SPDX-License-Identifier: Apache-2.0
// What changes about an endpoint while it is served. It outlives editions: another one may have another
// endpoint in its place, which then begins as that one has ended. Zeroed is a new one.
#ifndef RECKONER_SERVE_ENDPOINT_STATE_H
#define RECKONER_SERVE_ENDPOINT_STATE_H

#include <stdatomic.h>

#include "net/share.h"
#include "serve/cost.h"
#include "serve/log_pause.h"

struct endpoint_state {
    struct share share;   // of the pool of reads, under its lock
    struct cost cost;     // what its reads take; any thread
    atomic_ullong unkept; // the number of the app whose answers here are known to hang on more than versions,
                          // so that they are not kept; any thread
    struct log_pause plan_pause; // between two of the database's plans of its slow statements; any thread
};

#endif
