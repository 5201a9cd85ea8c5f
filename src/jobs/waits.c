// SPDX-License-Identifier: Apache-2.0
// Nobody is told under the lock. The list is short (LIMIT_JOB_WAITS), so it is walked.
#include "jobs/waits.h"

#include <string.h>

#include "base/limits.h"

void waits_init(struct waits *waits)
{
    *waits = (struct waits){0};
    pthread_mutex_init(&waits->lock, NULL);
}

void waits_fini(struct waits *waits)
{
    pthread_mutex_destroy(&waits->lock);
}

bool waits_add(struct waits *waits, struct job_wait *wait)
{
    pthread_mutex_lock(&waits->lock);
    bool has_room = !waits->is_ended && waits->count < LIMIT_JOB_WAITS;
    if (has_room) {
        wait->next = waits->first;
        waits->first = wait;
        waits->count++;
    }
    pthread_mutex_unlock(&waits->lock);
    return has_room;
}

// Takes those off the list that are for `id`, or whose time is over at `now_ns`, and tells them.
static void tell(struct waits *waits, const char *id, uint64_t now_ns, uint64_t *ret_next_ns)
{
    struct job_wait *told = NULL;
    pthread_mutex_lock(&waits->lock);
    for (struct job_wait **link = &waits->first; *link != NULL;) {
        struct job_wait *wait = *link;
        bool is_over = wait->until_ns <= now_ns || (id != NULL && strcmp(wait->id, id) == 0);
        if (!is_over) {
            *ret_next_ns = wait->until_ns < *ret_next_ns ? wait->until_ns : *ret_next_ns;
            link = &wait->next;
            continue;
        }
        *link = wait->next;
        wait->next = told;
        told = wait;
        waits->count--;
    }
    pthread_mutex_unlock(&waits->lock);
    while (told != NULL) {
        struct job_wait *next = told->next; // on_over may free it
        told->on_over(told);
        told = next;
    }
}

void waits_tell(struct waits *waits, const char *id)
{
    uint64_t next_ns = UINT64_MAX;
    tell(waits, id, 0, &next_ns);
}

uint64_t waits_expire(struct waits *waits, uint64_t now_ns)
{
    uint64_t next_ns = UINT64_MAX;
    tell(waits, NULL, now_ns, &next_ns);
    return next_ns;
}

size_t waits_ids(struct waits *waits, char (*ret_ids)[JOB_ID_CHARS + 1], size_t max)
{
    size_t count = 0;
    pthread_mutex_lock(&waits->lock);
    for (const struct job_wait *wait = waits->first; wait != NULL && count < max; wait = wait->next)
        memcpy(ret_ids[count++], wait->id, JOB_ID_CHARS + 1);
    pthread_mutex_unlock(&waits->lock);
    return count;
}

void waits_end(struct waits *waits)
{
    pthread_mutex_lock(&waits->lock);
    waits->is_ended = true;
    pthread_mutex_unlock(&waits->lock);
    (void)waits_expire(waits, UINT64_MAX);
}
