// SPDX-License-Identifier: Apache-2.0
// Reads on a copy of the store that may lag behind (serve --read-store). None of them sees less than it would
// on the primary: a read brings along the vector (store/versions.h) of when its request came, and begins on
// the replica only if that has seen it all.
//
// Each read worker has one replica handle for each service. One thread connects and prepares these handles,
// and makes those anew that have failed. So no request waits for that, and a replica that is down, or has not
// got the schema yet, costs no request anything.
#ifndef RECKONER_SERVE_REPLICA_H
#define RECKONER_SERVE_REPLICA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/log.h"
#include "serve/edition.h"
#include "serve/handles.h"

struct context; // context.h

struct replicas;

//                it is made               it was behind
//     UNMADE ─────────────────► READY ◄─────────────────► RESTING ───┐ it was behind again,
//       ▲                         │      it has answered  │    ▲     │ and rests for longer
//       └─────────────────────────┴───────────────────────┘    └─────┘
//                         it has failed
enum replica_state {
    REPLICA_UNMADE,  // the thread's, which makes it when due_ns has come
    REPLICA_READY,   // the worker's
    REPLICA_RESTING, // the worker's, which does not use it before rest_ns
    REPLICA_STATES,
};

// How a read on a replica ends.
enum replica_end {
    REPLICA_ANSWERED,   // with an answer, or an error of the request's own
    REPLICA_WAS_BEHIND, // it has not seen what the read had to see
    REPLICA_FAILED,     // likewise for another reason
    REPLICA_ENDS,
};

// One worker's handle of one service's read store.
struct replica {
    struct replicas *owner; // borrowed; fixed, as the next
    size_t service;         // its number
    atomic_int state;       // an enum replica_state; changed by the thread that it belongs to
    // --- of the thread that it belongs to
    struct handle handle; // zeroed while it could not be made
    uint64_t pause_ms;    // between its last failure and due_ns; 0: it has answered since
    uint64_t due_ns;      // monotonic; UNMADE: it is made then
    // --- the worker's
    struct buf vector;                        // of the primary, when it was asked last
    uint64_t vector_ns;                       // monotonic, just before it was asked; 0: there is no vector
    uint64_t rest_ms;                         // after it was behind the last time; 0: it has answered since
    uint64_t rest_ns;                         // monotonic; RESTING: no read goes there before
    atomic_uint_fast64_t reads[REPLICA_ENDS]; // that have ended; read by any thread
};

// Starts the thread that makes `workers` handles of each of the context's services, all of which have a read
// store; the context is borrowed. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code replicas_new(
    struct context *context, size_t workers, struct replicas **ret_replicas, struct err *err);

// Ends the thread and closes all handles; the workers have ended by then. NULL is fine.
void replicas_free(struct replicas *replicas);

// The handles of one worker, one for each service.
struct replica *replicas_of(struct replicas *replicas, size_t worker);

struct replica_stats {
    size_t handles[REPLICA_STATES]; // of the service's, how many are in each state
    uint64_t reads[REPLICA_ENDS];   // since the start
};

// Of one service. Any thread.
struct replica_stats replica_stats(const struct replicas *replicas, size_t service);

// --- on the worker's thread

// The replica of a service among a worker's handles, where it may be used now for a read of an endpoint of
// `app`; else NULL.
struct replica *replica_find(
    const struct handles *handles, size_t service, const struct app *app, const struct endpoint *endpoint);

// A vector with all that was committed at `came_ns`, when a request came. It is read on the connection to the
// primary, unless one was read since then for another request. Valid until the next call. Errors of
// versions_read.
MUST_CHECK enum err_code replica_vector(struct replica *replica, struct store_conn *primary, uint64_t came_ns,
    struct span *ret_vector, struct err *err);

// A read ended on the replica, with an answer or with this error. From here on it may not be used before
// replica_find returns it again.
void replica_answered(struct replica *replica, const struct err *answer);

// A read did not end there, because of `failure`. `is_its_own`: the primary has answered the same read. From
// here on it may not be used before replica_find returns it again.
void replica_failed(struct replica *replica, const struct err *failure, bool is_its_own);

#endif
