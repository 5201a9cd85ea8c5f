// SPDX-License-Identifier: Apache-2.0
// A lock that can be waited for with a bound, and given back by another function than took it. Which lane
// needs it, and when, is lane.c's to know.
#include "batch/turn.h"

#include <assert.h>

#include "base/clock.h"
#include "base/thread.h"

void turn_init(struct turn *turn)
{
    pthread_mutex_init(&turn->lock, NULL);
    cond_init(&turn->given);
    turn->is_taken = false;
}

void turn_fini(struct turn *turn)
{
    pthread_cond_destroy(&turn->given);
    pthread_mutex_destroy(&turn->lock);
}

bool turn_take(struct turn *turn, uint64_t until_ns)
{
    pthread_mutex_lock(&turn->lock);
    while (turn->is_taken && clock_monotonic_ns() < until_ns)
        (void)cond_wait_until(&turn->given, &turn->lock, until_ns);
    bool is_free = !turn->is_taken;
    turn->is_taken = true; // by this call, or by whoever has it
    pthread_mutex_unlock(&turn->lock);
    return is_free;
}

void turn_give(struct turn *turn)
{
    pthread_mutex_lock(&turn->lock);
    assert(turn->is_taken);
    turn->is_taken = false;
    pthread_mutex_unlock(&turn->lock);
    pthread_cond_signal(&turn->given);
}
