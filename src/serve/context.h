// SPDX-License-Identifier: Apache-2.0
// What every request of a server shares. Set up before the loops run; the pointers never change then, and
// what they point to is immutable or takes care of itself, so any thread may read this.
#ifndef RECKONER_SERVE_CONTEXT_H
#define RECKONER_SERVE_CONTEXT_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/log.h"
#include "http/server.h"
#include "net/pool.h"
#include "serve/route.h"
#include "serve/service.h"

struct context {
    const struct service *services; // borrowed
    struct routes *routes;          // owned by the server, as all below
    struct http_server *http;       //
    struct pool *reads;             // run GET endpoints; a worker is a struct reader_set
    struct pool *parses;            // turn bodies into rows; workers have no state
    struct log *access_log;         // borrowed; NULL: none
    struct log *error_log;          // borrowed
    struct blob *ok;                // "ok\n"
    uint64_t id_seed;               // random, so that ids of two processes differ
    atomic_ullong next_id;          // of requests that failed
    atomic_size_t batch_bytes;      // packed rows that wait for writers
    atomic_bool draining;           // not ready any more
};

#endif
