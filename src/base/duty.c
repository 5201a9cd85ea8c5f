// SPDX-License-Identifier: Apache-2.0
// The state under its lock, and the condition variable by which its changes are heard of. Any thread.
#include "base/duty.h"

#include "base/clock.h"
#include "base/thread.h"

// From a state only to a later one, but for ON and RESTS, between which it goes to and fro. Under the lock.
static void move(struct duty *duty, enum duty_state to)
{
    if (duty->state < DUTY_ENDS || to > duty->state)
        duty->state = to;
    if (duty->state >= DUTY_ENDS)
        pthread_cond_broadcast(&duty->change);
}

void duty_init(struct duty *duty)
{
    *duty = (struct duty){.state = DUTY_ON};
    pthread_mutex_init(&duty->lock, NULL);
    cond_init(&duty->change);
}

enum err_code duty_start(struct duty *duty, void *(*run)(void *arg), void *arg, struct err *err)
{
    enum err_code code = thread_start(run, arg, &duty->thread, err);
    duty->is_started = code == ERR_NONE;
    return code;
}

void duty_rest(struct duty *duty, bool rests)
{
    pthread_mutex_lock(&duty->lock);
    move(duty, rests ? DUTY_RESTS : DUTY_ON);
    pthread_mutex_unlock(&duty->lock);
}

bool duty_takes(struct duty *duty)
{
    pthread_mutex_lock(&duty->lock);
    bool takes = duty->state == DUTY_ON;
    pthread_mutex_unlock(&duty->lock);
    return takes;
}

bool duty_ends(struct duty *duty)
{
    pthread_mutex_lock(&duty->lock);
    bool ends = duty->state >= DUTY_ENDS;
    pthread_mutex_unlock(&duty->lock);
    return ends;
}

void duty_end(struct duty *duty)
{
    pthread_mutex_lock(&duty->lock);
    move(duty, DUTY_ENDS);
    pthread_mutex_unlock(&duty->lock);
}

void duty_wait(struct duty *duty, uint64_t until_ns)
{
    pthread_mutex_lock(&duty->lock);
    while (duty->is_started && duty->state != DUTY_ENDED && clock_monotonic_ns() < until_ns)
        (void)cond_wait_until(&duty->change, &duty->lock, until_ns);
    pthread_mutex_unlock(&duty->lock);
}

void *duty_leave(struct duty *duty)
{
    pthread_mutex_lock(&duty->lock);
    move(duty, DUTY_ENDED);
    pthread_mutex_unlock(&duty->lock);
    return NULL;
}

void duty_fini(struct duty *duty)
{
    duty_end(duty);
    if (duty->is_started)
        pthread_join(duty->thread, NULL);
    pthread_cond_destroy(&duty->change);
    pthread_mutex_destroy(&duty->lock);
}
