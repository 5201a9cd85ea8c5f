// SPDX-License-Identifier: Apache-2.0
// The turn among the lanes of one writer. The store has a turn of its own among all writers of an app
// (store_take_turn), for which one waits a bounded time. A lane that has this one first never waits there for
// a lane of its own process, however long that one's batch takes. Any thread.
#ifndef RECKONER_BATCH_TURN_H
#define RECKONER_BATCH_TURN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct turn {
    pthread_mutex_t lock; // guards is_taken
    pthread_cond_t given; // signalled when it is free again
    bool is_taken;        // by a lane
};

void turn_init(struct turn *turn);
void turn_fini(struct turn *turn);

// Waits until the turn is free, and takes it. False: it was not until `until_ns` of the monotonic clock.
bool turn_take(struct turn *turn, uint64_t until_ns);

// Gives back what turn_take has taken.
void turn_give(struct turn *turn);

#endif
