// SPDX-License-Identifier: Apache-2.0
// A pool's threads, and the one function that moves them from state to state. Of those that sleep the first
// of the crew is woken, so that few of them keep their caches and connections warm, and one that could do
// nothing for want of a connection is not the next one again. What they run, and who is claimed when, is the
// pools'.
#include "net/crew.h"

#include <assert.h>

#include "base/mem.h"
#include "base/thread.h"

// --- states

#define TO(state) (1U << (state))

// The drawing in crew.h: the states that follow on each.
static const unsigned moves[WORKER_STATES] = {
    [WORKER_AWAKE] = TO(WORKER_ASLEEP) | TO(WORKER_LOOKOUT) | TO(WORKER_QUICK) | TO(WORKER_LONG),
    [WORKER_ASLEEP] = TO(WORKER_CLAIMED) | TO(WORKER_AWAKE),
    [WORKER_LOOKOUT] = TO(WORKER_CLAIMED) | TO(WORKER_AWAKE),
    [WORKER_CLAIMED] = TO(WORKER_AWAKE),
    [WORKER_QUICK] = TO(WORKER_LONG) | TO(WORKER_AWAKE),
    [WORKER_LONG] = TO(WORKER_AWAKE),
};

static void list_idle(struct crew *crew, struct worker *worker)
{
    struct worker **at = &crew->idle;
    while (*at != NULL && (*at)->number < worker->number)
        at = &(*at)->next_idle;
    worker->next_idle = *at;
    *at = worker;
}

static void unlist_idle(struct crew *crew, const struct worker *worker)
{
    struct worker **at = &crew->idle;
    while (*at != worker)
        at = &(*at)->next_idle;
    *at = worker->next_idle;
}

void worker_move(struct worker *worker, enum worker_state to)
{
    struct crew *crew = worker->crew;
    assert(moves[worker->state] & TO(to));
    if (worker->state == WORKER_ASLEEP)
        unlist_idle(crew, worker);
    if (worker->state == WORKER_LOOKOUT)
        crew->lookout = NULL;
    crew->in[worker->state]--;
    worker->state = to;
    crew->in[to]++;
    if (to == WORKER_ASLEEP)
        list_idle(crew, worker);
    if (to == WORKER_LOOKOUT)
        crew->lookout = worker;
}

// --- sleeping and waking

void worker_sleep(struct worker *worker)
{
    struct crew *crew = worker->crew;
    worker_move(worker, WORKER_ASLEEP);
    while (worker->state == WORKER_ASLEEP && !crew->is_ending)
        pthread_cond_wait(&worker->wake, &crew->lock);
    worker_move(worker, WORKER_AWAKE);
}

void worker_look_out(struct worker *worker, uint64_t until_ns)
{
    struct crew *crew = worker->crew;
    bool is_time = false;
    worker_move(worker, WORKER_LOOKOUT);
    while (!is_time && worker->state == WORKER_LOOKOUT && !crew->is_ending)
        is_time = !cond_wait_until(&worker->wake, &crew->lock, until_ns);
    worker_move(worker, WORKER_AWAKE);
}

struct worker *crew_claim_idle(struct crew *crew)
{
    struct worker *worker = crew->idle;
    worker_move(worker, WORKER_CLAIMED);
    return worker;
}

void crew_unlock(struct crew *crew, struct worker *claimed)
{
    pthread_mutex_unlock(&crew->lock);
    if (claimed != NULL)
        pthread_cond_signal(&claimed->wake);
}

// --- the crew

enum err_code crew_new(size_t size, void *const *handles, void *pool, struct crew **ret_crew, struct err *err)
{
    struct crew *crew = mem_zalloc(1, sizeof(*crew) + size * sizeof(crew->workers[0]));
    if (crew == NULL)
        return err_no_memory(err);
    pthread_mutex_init(&crew->lock, NULL);
    crew->pool = pool;
    crew->size = crew->in[WORKER_AWAKE] = size;
    for (size_t i = 0; i < size; i++) {
        struct worker *worker = &crew->workers[i];
        worker->crew = crew;
        worker->number = i;
        worker->handles = handles != NULL ? handles[i] : NULL;
        cond_init(&worker->wake);
    }
    *ret_crew = crew;
    return ERR_NONE;
}

enum err_code crew_start(struct crew *crew, void *(*run)(void *worker), struct err *err)
{
    for (size_t i = 0; i < crew->size; i++) {
        struct worker *worker = &crew->workers[i];
        enum err_code code = thread_start(run, worker, &worker->thread, err);
        if (code != ERR_NONE)
            return code;
        pthread_mutex_lock(&crew->lock);
        crew->count++;
        pthread_mutex_unlock(&crew->lock);
    }
    return ERR_NONE;
}

void crew_free(struct crew *crew)
{
    if (crew == NULL)
        return;
    pthread_mutex_lock(&crew->lock);
    crew->is_ending = true;
    for (size_t i = 0; i < crew->count; i++)
        pthread_cond_signal(&crew->workers[i].wake);
    pthread_mutex_unlock(&crew->lock);
    for (size_t i = 0; i < crew->count; i++)
        pthread_join(crew->workers[i].thread, NULL);
    for (size_t i = 0; i < crew->size; i++)
        pthread_cond_destroy(&crew->workers[i].wake);
    pthread_mutex_destroy(&crew->lock);
    mem_free(crew);
}
