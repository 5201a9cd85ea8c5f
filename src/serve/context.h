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
#include "batch/batch.h"
#include "batch/in_flight.h"
#include "cache/cache.h"
#include "cache/flight.h"
#include "http/server.h"
#include "net/pool.h"
#include "net/shared_pool.h"
#include "serve/compress.h"
#include "serve/edition.h"
#include "serve/endpoint_state.h"
#include "serve/keys.h"
#include "serve/limits.h"
#include "serve/reload.h"
#include "serve/scrape.h"
#include "serve/service.h"
#include "serve/slow.h"
#include "serve/trace.h"
#include "serve/turned_away.h"

struct app_files;     // app_files.h
struct app_histories; // app_histories.h
struct app_hooks;     // app_hooks.h
struct app_jobs;      // app_jobs.h
struct replicas;      // replica.h
struct tls;           // http/tls.h

struct context {
    const struct service *services;   // borrowed
    size_t service_count;             //
    size_t meter_job_slot;            // of `meter`: the first service's jobs'; those before it are loops'
    struct editions editions;         // what is served now
    struct limits *limits;            // owned by the server, as all below; NULL: no app has plans
    struct keys *keys;                // NULL: no app wants any
    struct meter *meter;              // of usage; NULL: no app is metered
    struct flusher *flusher;          // writes it; with `meter`
    struct app_hooks *hooks;          // who is told of batches; NULL: nobody is
    struct app_jobs *jobs;            // batches that are accepted for later
    struct app_files *files;          // those that come as files
    struct app_histories *history;    // movers of old rows
    struct scraper *scraper;          // writes /-/metrics
    struct replicas *replicas;        // NULL: there is no store to read from beside
    struct reloader *reloader;        // reads apps anew
    bool watches_files;               // an edited file is in force at the next request
    struct http_server *http;         //
    struct tls *tls;                  // borrowed; NULL: no listener has it
    struct shared_pool *reads;        // run GET endpoints and read files; a worker is a struct handles
    struct endpoint_state *endpoints; // LIMIT_ENDPOINTS for each service: context_endpoint
    struct share_group *share_groups; // one for each service
    struct cache *cache;              // owned; NULL: no answers are kept
    struct flights *flights;          // owned; of requests whose answers may be kept
    struct pool *parses;              // turn bodies into rows; workers have no state
    struct temp_space spools;         // of large answers
    struct compressors compressors;   // of answers and files
    struct slow_log slow;             // of statements
    struct tracing tracing;           // where spans of requests go
    struct log *access_log;           // borrowed; NULL: none
    struct log *error_log;            // borrowed
    bool tells_failures;              // answers of 500 say what the log says, for the app's author
    struct blob *ok;                  // "ok\n"
    uint64_t id_seed;                 // random, so that ids of two processes differ
    atomic_ullong next_id;            // of requests that failed
    struct turned_away turned_away;   // connections that were closed before any request
    struct in_flight in_flight;       // Idempotency-Keys of batches that are under way
    struct budget rows_budget;        // of all batches, from their parsing until they are written
    struct temp_space rows_space;     // of the same, for what of them is not in memory
    size_t max_body_bytes;            // of one request, decoded
    atomic_uint_fast64_t read_ms;     // the SQL of one read may take so long
    bool has_admin;                   // some listener is for the server's own pages alone; fixed
    atomic_bool draining;             // not ready any more
};

// What all batches share.
static inline struct batch_means context_means(struct context *context)
{
    return (struct batch_means){.answers = &context->spools,
        .rows_budget = &context->rows_budget,
        .rows_space = &context->rows_space,
        .max_bytes = context->max_body_bytes};
}

// Of the endpoint of that number of a service's app.
static inline struct endpoint_state *context_endpoint(
    const struct context *context, size_t service, size_t number)
{
    return &context->endpoints[service * LIMIT_ENDPOINTS + number];
}

#endif
