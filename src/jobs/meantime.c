// SPDX-License-Identifier: Apache-2.0
// Waiting is woken by the signal of the runner's duty, so a runner that is called looks around as well.
#include "jobs/meantime.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/thread.h"
#include "batch/desk_change.h"

uint64_t meantime_use(struct meantime *meantime)
{
    uint64_t now_ns = clock_monotonic_ns();
    lease_keeper_renew(meantime->keeper, now_ns);
    uint64_t next_ns = waits_expire(meantime->waits, now_ns);
    uint64_t soon_ns = now_ns + LIMIT_JOB_LOOK_MS * NS_PER_MS;
    return next_ns < soon_ns ? next_ns : soon_ns;
}

void absence_end(struct absence *absence)
{
    struct duty *duty = absence->meantime->duty;
    pthread_mutex_lock(&duty->lock);
    absence->is_done = true;
    pthread_cond_broadcast(&duty->change);
    pthread_mutex_unlock(&duty->lock);
}

void absence_wait(struct absence *absence)
{
    struct duty *duty = absence->meantime->duty;
    for (bool is_done = false; !is_done;) {
        uint64_t until_ns = meantime_use(absence->meantime);
        pthread_mutex_lock(&duty->lock);
        if (!absence->is_done)
            (void)cond_wait_until(&duty->change, &duty->lock, until_ns);
        is_done = absence->is_done;
        pthread_mutex_unlock(&duty->lock);
    }
}

// A change that is at the desk.
struct asked {
    struct desk_change change;
    struct absence absence;
};

static void on_done(struct desk_change *change)
{
    struct asked *asked = CONTAINER_OF(change, struct asked, change);
    absence_end(&asked->absence);
}

enum err_code meantime_ask_desk(struct meantime *meantime,
    enum err_code (*make)(void *ctx, struct own_statements *own, struct err *err), void *ctx, struct err *err)
{
    struct asked asked = {
        .change = {.make = make, .ctx = ctx, .on_done = on_done}, .absence = {.meantime = meantime}};
    if (!desk_change_send(meantime->desk, &asked.change))
        return err_set(err, ERR_BUSY, "too many batches are waiting");
    absence_wait(&asked.absence);
    if (asked.change.err.code != ERR_NONE)
        *err = asked.change.err;
    return asked.change.err.code;
}
