// SPDX-License-Identifier: Apache-2.0
// What every request of a server shares. Set up before the loops run; the pointers never change then, and
// what they point to is immutable or takes care of itself, so any thread may read this.
#ifndef RECKONER_SERVE_CONTEXT_H
#define RECKONER_SERVE_CONTEXT_H

#include <stdatomic.h>
#include <stdint.h>

#include "access/flusher.h"
#include "base/blob.h"
#include "base/budget.h"
#include "base/log.h"
#include "base/spool.h"
#include "cache/cache.h"
#include "cache/flight.h"
#include "http/server.h"
#include "net/pool.h"
#include "serve/compress.h"
#include "serve/cost.h"
#include "serve/edition.h"
#include "serve/keys.h"
#include "serve/limits.h"
#include "serve/reload.h"
#include "serve/service.h"

struct context {
    const struct service *services; // borrowed
    size_t service_count;           //
    struct editions editions;       // what is served now
    struct limits *limits;          // owned by the server, as all below; NULL: no app has plans
    struct keys *keys;              // NULL: no app wants any
    struct meter *meter;            // of usage; NULL: no app is metered
    struct flusher *flusher;        // writes it; with `meter`
    struct reloader *reloader;      // NULL: files are not watched
    struct http_server *http;       //
    struct pool *reads;             // run GET endpoints and read files; a worker is a struct handles
    // Of the reads of each endpoint, LIMIT_ENDPOINTS for each service by the endpoint's number. An edition
    // may have another endpoint in its place, which then begins as that one has ended.
    struct share *shares;
    struct share_group *share_groups; // one for each service
    struct cost *costs;               // of the reads of each endpoint, as `shares`
    struct cache *cache;              // owned; NULL: no answers are kept
    struct flights *flights;          // owned; of requests whose answers may be kept
    // For each endpoint, as `shares`: the number of the app whose answers there are known to hang on more
    // than versions, so that they are not kept. Any thread.
    atomic_ullong *unkept;
    struct pool *parses;            // turn bodies into rows; workers have no state
    struct temp_space spools;       // of large answers
    struct compressors compressors; // of answers and files
    struct log *access_log;         // borrowed; NULL: none
    struct log *error_log;          // borrowed
    bool tells_failures;            // answers of 500 say what the log says, for the app's author
    struct blob *ok;                // "ok\n"
    uint64_t id_seed;               // random, so that ids of two processes differ
    atomic_ullong next_id;          // of requests that failed
    struct budget rows_budget;      // of all batches, from their parsing until they are written
    struct temp_space rows_space;   // of the same, for what of them is not in memory
    size_t max_body_bytes;          // of one request, decoded
    atomic_bool draining;           // not ready any more
};

#endif
