// SPDX-License-Identifier: Apache-2.0
// The threads of a pool: what each of them does at the moment, and who sleeps and is woken. A thread is in
// one of these states, which worker_move alone changes, under the crew's lock:
//
//                             is done, or the time of the look has come
//      starts      ┌───────────────────────────────┬─────────────┬────────────┐
//        │         ▼                               │             │            │
//        └──────► AWAKE ──┬─ takes a quick task ► QUICK ── is ─► LONG         │
//                  ▲      ├─ takes a long task ────┼──── long ───▲            │
//                  │      ├─ waits for the moment ─┼────────────────────► LOOKOUT
//       comes up   │      └─ nothing to do ─► ASLEEP                          │
//                  │                               │                          │
//                 CLAIMED ◄──── there is work ─────┴──────────────────────────┘
//
// At the end, those that are ASLEEP wake up by themselves. A plain pool has no long tasks and no lookout.
#ifndef RECKONER_NET_CREW_H
#define RECKONER_NET_CREW_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum worker_state {
    WORKER_AWAKE,   // between two tasks, or on its way to one
    WORKER_ASLEEP,  // until there is something to run
    WORKER_LOOKOUT, // until the next look at what waits and runs; one worker at most
    WORKER_CLAIMED, // by who wakes it, until it has come up
    WORKER_QUICK,   // runs a task on one of the pool's places
    WORKER_LONG,    // runs a task beside those
    WORKER_STATES,
};

struct crew;

// One thread. All but `state` is set before it starts.
struct worker {
    struct crew *crew;        // which it belongs to
    size_t number;            // in the crew, from 0
    void *handles;            // borrowed from the pool's maker, who knows what it is
    pthread_t thread;         // joined by crew_free
    pthread_cond_t wake;      // signalled when it is claimed, and at the end
    enum worker_state state;  // under the lock, as what follows
    struct worker *next_idle; // that sleeps, too; a later one
};

struct crew {
    pthread_mutex_t lock;     // guards all that follows, and what the pool puts under it
    size_t in[WORKER_STATES]; // workers in each state
    struct worker *idle;      // ASLEEP, in the order of `workers`
    struct worker *lookout;   // LOOKOUT; NULL: nobody is
    bool is_ending;           // no new tasks, and all that wait are run
    size_t count;             // started
    void *pool;               // borrowed; the crew's. Fixed, as what follows
    size_t size;              // to be started
    struct worker workers[];  //
};

// A crew of `size` workers of which none has started; handles[i] is worker i's; NULL: they have none.
// ERR_NO_MEMORY.
MUST_CHECK enum err_code crew_new(
    size_t size, void *const *handles, void *pool, struct crew **ret_crew, struct err *err);

// Starts the threads: run(worker) returns when the crew ends. ERR_IO: some may have started.
MUST_CHECK enum err_code crew_start(struct crew *crew, void *(*run)(void *worker), struct err *err);

// Ends the threads when they have run all that waits, and frees. NULL is fine. Not under the lock.
void crew_free(struct crew *crew);

// --- under the lock

// Moves a worker to another state. It is a bug to move it where no arrow of the drawing leads.
void worker_move(struct worker *worker, enum worker_state to);

// Sleeps until the worker is claimed, or the crew ends. On the worker's thread, as the next one.
void worker_sleep(struct worker *worker);

// Sleeps as the lookout until then (monotonic), or until it is claimed, or the crew ends.
void worker_look_out(struct worker *worker, uint64_t until_ns);

// Claims the first of the workers that are asleep, of which there is one. The caller signals it by
// crew_unlock.
struct worker *crew_claim_idle(struct crew *crew);

// Ends the lock, and wakes the worker that the caller has claimed; NULL: none.
void crew_unlock(struct crew *crew, struct worker *claimed);

#endif
