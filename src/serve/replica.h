// SPDX-License-Identifier: Apache-2.0
// Reads on a copy of the store that may lag behind (serve --read-store), without any of them seeing less than
// it would on the store itself: a read brings along a mark of all that was committed when its request came,
// and is begun on the replica only if that has seen it all.
//
// Each read worker has one handle for each service. A thread connects them, prepares them, and makes those
// anew that have failed: so no request waits for that, and a replica that is down, or has not got the schema
// yet, costs nobody anything. Whatever goes wrong there, the read is done once more on the store itself.
//
//            connected and prepared
//     made ────────────────────────► ready: a worker's
//       ▲                              │
//       └──────────────────────────────┘
//                 it has failed
#ifndef RECKONER_SERVE_REPLICA_H
#define RECKONER_SERVE_REPLICA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "serve/edition.h"
#include "serve/handles.h"

struct replicas;

// One worker's handle of one service's read store.
struct replica {
    struct replicas *owner; // borrowed; fixed, as the next
    size_t service;         // its number
    // --- the worker's while it is ready, else the thread's
    struct handle handle; // zeroed while it could not be made
    uint64_t pause_ms;    // after the last failure; 0: it has answered since
    uint64_t due_ns;      // monotonic; it is to be made then
    atomic_bool ready;    // set by the thread, cleared by the worker
    // --- the worker's
    struct buf mark;  // what was committed on the store when it was asked last
    uint64_t mark_ns; // monotonic, just before it was asked; 0: there is no mark
    uint64_t rest_ms; // after it was behind the last time; 0: it has answered since
    uint64_t rest_ns; // monotonic; it is not asked before
};

// Starts the thread that makes `workers` handles of each service, all of which have a read store. `services`,
// `editions` and `log` are borrowed. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code replicas_new(const struct service *services, size_t count, size_t workers,
    struct editions *editions, struct log *log, struct replicas **ret_replicas, struct err *err);

// Ends the thread and closes all handles; the workers have ended by then. NULL is fine.
void replicas_free(struct replicas *replicas);

// The handles of one worker, one for each service.
struct replica *replicas_of(struct replicas *replicas, size_t worker);

// --- on the worker's thread

// The replica of a service among a worker's handles, where it may be used now for a read of an endpoint of
// `app`; else NULL.
struct replica *replica_find(
    const struct handles *handles, size_t service, const struct app *app, const struct endpoint *endpoint);

// A mark of all that was committed at `came_ns`, when a request came: a new one from the service's `store`,
// or one that was made since then for another request. Valid until the next call. Errors of versions_read.
MUST_CHECK enum err_code replica_mark(struct replica *replica, struct store_conn *store, uint64_t came_ns,
    struct span *ret_mark, struct err *err);

// The handle has decided what becomes of a read, be it an error. From here on it may be not ready.
void replica_answered(struct replica *replica, const struct err *answer);

// It has not, because of `failure`; `is_its_own`: the store has answered the same read. From here on it may
// be not ready.
void replica_failed(struct replica *replica, const struct err *failure, bool is_its_own);

#endif
