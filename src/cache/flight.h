// SPDX-License-Identifier: Apache-2.0
// Single flight: of requests for one key at a time, one reads, the leader, and the others wait for it. A
// flight is a part of its request, which stays where it is meanwhile.
//
//            board, nobody leads             land
//     none ──────────────────────► leads ───────────► none
//       │    board, somebody leads            land, leave
//       └────────────────────────► waits ───────────► none
//
// Whom the leader's answer is for is decided when it lands: for those that came before its transaction began,
// and for the others only if nothing that it hangs on has changed up to a moment after the last of them came.
#ifndef RECKONER_CACHE_FLIGHT_H
#define RECKONER_CACHE_FLIGHT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "cache/key.h"

enum flight_role {
    FLIGHT_NONE,
    FLIGHT_LEADS,
    FLIGHT_WAITS,
};

struct flight {
    struct key key;        // borrowed
    uint64_t came_ns;      // monotonic; when its request came, or later
    uint64_t begun_ns;     // likewise; a leader's: before its last transaction began; 0: none has
    enum flight_role role; // under the lock of its key, as all below
    struct flight *leader; // of one that waits
    struct flight *first;  // of a leader: the first that waits
    struct flight *next;   // that waits for the same leader; of a leader: the next one with its lock
    struct flight *before; // likewise
};

struct flights;

MUST_CHECK enum err_code flights_new(struct flights **ret_flights, struct err *err);

// No flight is under way any more. NULL is fine.
void flights_free(struct flights *flights);

// Any thread: the flight, with key and came_ns, leads (true), or waits. One that waits may be taken by
// another thread before this returns.
bool flights_board(struct flights *flights, struct flight *flight);

// The leader's read is over: returns those that have waited, linked by `next`, none of which waits any more,
// and the flight neither. On the thread that has the leader's request; those returned are that thread's.
struct flight *flights_land(struct flights *flights, struct flight *leader);

// Takes one that waits out; false when it does not wait. On its request's loop.
bool flights_leave(struct flights *flights, struct flight *flight);

#endif
