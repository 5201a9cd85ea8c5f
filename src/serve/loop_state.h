// SPDX-License-Identifier: Apache-2.0
// What each loop has to itself; its user pointer (loop_user). Of the loop's thread.
#ifndef RECKONER_SERVE_LOOP_STATE_H
#define RECKONER_SERVE_LOOP_STATE_H

#include "net/loop.h"
#include "serve/lease.h"

struct loop_reads; // loop_reads.h
struct near;       // near.h
struct regulars;   // access/regulars.h

struct loop_state {
    struct leases leases;      // its hold of the edition in force
    struct loop_reads *reads;  // owned; reads that it does itself
    struct near *near;         // owned; answers that it has given lately
    struct regulars *regulars; // owned; clients that it has let in lately; NULL: nobody wants keys
    size_t number;             // of the loop, from 0
};

static inline struct loop_state *loop_state(const struct loop *loop)
{
    return loop_user(loop);
}

#endif
