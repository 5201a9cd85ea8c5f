// SPDX-License-Identifier: Apache-2.0
// A table of some places for each hash of a peer. Each has the moment at which the peer's guesses are
// forgotten, as GCRA counts: a guess moves it on by LIMIT_GUESS_MS, and may not move it further ahead than
// LIMIT_GUESSES of those. When all places of a hash are taken, the one that is forgotten first goes: so who
// has very many addresses gains a guess with each, and the table does not grow.
#include "access/guesses.h"

#include <pthread.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

enum {
    SETS = 1024, // a power of 2
    PLACES = 4,  // of a set
};

static const uint64_t STEP_NS = LIMIT_GUESS_MS * NS_PER_MS;

struct place {
    struct origin origin;
    uint64_t until_ns; // monotonic: from then on nothing is known of the peer; 0: the place was never used
};

struct guesses {
    pthread_mutex_t lock; // guards what follows
    struct place sets[SETS][PLACES];
};

enum err_code guesses_new(struct guesses **ret_guesses, struct err *err)
{
    struct guesses *guesses = mem_zalloc(1, sizeof(*guesses));
    if (guesses == NULL)
        return err_no_memory(err);
    pthread_mutex_init(&guesses->lock, NULL);
    *ret_guesses = guesses;
    return ERR_NONE;
}

void guesses_free(struct guesses *guesses)
{
    if (guesses == NULL)
        return;
    pthread_mutex_destroy(&guesses->lock);
    mem_free(guesses);
}

static struct place *set_of(struct guesses *guesses, const struct origin *origin)
{
    return guesses->sets[XXH3_64bits(origin->bytes, sizeof(origin->bytes)) & (SETS - 1)];
}

// The peer's place in its set, or NULL.
static struct place *find(struct place *set, const struct origin *origin)
{
    for (size_t i = 0; i < PLACES; i++) {
        if (memcmp(&set[i].origin, origin, sizeof(*origin)) == 0)
            return &set[i];
    }
    return NULL;
}

// Gives the peer the place that others can best do without.
static struct place *take_place(struct place *set, const struct origin *origin)
{
    struct place *first = &set[0];
    for (size_t i = 1; i < PLACES; i++) {
        if (set[i].until_ns < first->until_ns)
            first = &set[i];
    }
    *first = (struct place){.origin = *origin};
    return first;
}

unsigned guesses_count(struct guesses *guesses, const struct origin *origin, uint64_t now_ns)
{
    pthread_mutex_lock(&guesses->lock);
    struct place *set = set_of(guesses, origin), *place = find(set, origin);
    if (place == NULL)
        place = take_place(set, origin);
    uint64_t until_ns = (place->until_ns > now_ns ? place->until_ns : now_ns) + STEP_NS;
    uint64_t most_ns = now_ns + LIMIT_GUESSES * STEP_NS;
    if (until_ns <= most_ns)
        place->until_ns = until_ns;
    pthread_mutex_unlock(&guesses->lock);
    return until_ns <= most_ns ? 0 : (unsigned)((until_ns - most_ns + NS_PER_S - 1) / NS_PER_S);
}

void guesses_take_back(struct guesses *guesses, const struct origin *origin)
{
    pthread_mutex_lock(&guesses->lock);
    struct place *place = find(set_of(guesses, origin), origin);
    if (place != NULL)
        place->until_ns -= place->until_ns < STEP_NS ? place->until_ns : STEP_NS;
    pthread_mutex_unlock(&guesses->lock);
}
