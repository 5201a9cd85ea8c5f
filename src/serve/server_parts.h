// SPDX-License-Identifier: Apache-2.0
// What a server is made of. Private to its files: server_start.c makes the parts, server.c has them run, and
// server_end.c ends and frees them. On the main thread, but for what server.h says of its functions.
#ifndef RECKONER_SERVE_SERVER_PARTS_H
#define RECKONER_SERVE_SERVER_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "http/server.h"
#include "net/loop.h"
#include "net/pulse.h"
#include "serve/context.h"
#include "serve/handles.h"
#include "serve/loop_state.h"
#include "serve/replica.h"
#include "serve/server.h"
#include "serve/slow.h"

struct server {
    struct context context;           // what requests see
    struct http_handler handler;      // borrowed by http
    struct loop **loops;              // owned
    struct pulse *pulse;              // owned; of the loops
    size_t loop_count;                // made so far
    struct loop_state *loop_states;   // owned; one a loop
    struct handles *handles;          // owned; one a thread of the reads
    struct slow_writer *slow_writers; // owned; one a service
    size_t handle_count;              // made so far
    void **workers;                   // owned; pointers to the handles, as the pool wants them
    uint64_t drain_ms;                // as options say
    atomic_bool is_left;              // its clients go to another process
    pthread_mutex_t lock;             // guards is_drained
    pthread_cond_t drained;           // signalled when it is
    bool is_drained;                  // told by http
};

// A bound that was asked for, or else the one of base/limits.h.
static inline uint64_t server_bound(size_t asked, uint64_t standard)
{
    return asked != 0 ? asked : standard;
}

// The last part of a drain, for telling clients that their requests are not carried out.
static inline uint64_t server_last_ms(const struct server *server)
{
    uint64_t half_ms = server->drain_ms / 2;
    return half_ms < LIMIT_DRAIN_LAST_MS ? half_ms : LIMIT_DRAIN_LAST_MS;
}

// Sets what a start sets, and a reload may change. The pool of reads is made.
void server_set_bounds(struct server *server, const struct server_bounds *bounds);

// Steps of the start. Pools, handles for their threads, and the cache; then, where an app wants them,
// accounts, keys and usage, in this order. Errors of stores; ERR_NO_MEMORY, ERR_IO; ERR_CONFIG of a file of
// issuers' keys.
MUST_CHECK enum err_code server_make_pools(
    struct server *server, const struct server_options *options, struct err *err);
MUST_CHECK enum err_code server_make_limits(
    struct server *server, const struct server_options *options, struct err *err);
MUST_CHECK enum err_code server_make_keys(
    struct server *server, const struct server_options *options, struct err *err);
MUST_CHECK enum err_code server_make_meter(
    struct server *server, const struct server_options *options, struct err *err);

#endif
