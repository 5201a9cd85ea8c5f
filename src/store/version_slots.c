// SPDX-License-Identifier: Apache-2.0
// What a database counts may begin anew, when another one takes its place; so numbers
// are made here, where each is given out once. One thread sets them, in rounds, from what the database says.
// Reads may have seen a later state than the last round told of; such a state has its number before a round
// tells of it. Any thread finds slots and reads numbers.
#include "store/version_slots.h"

#include <stdatomic.h>

#include "base/limits.h"

enum { SEEN = 4 }; // states of a table that reads have seen, and that no round has told of yet

struct state {
    struct version_stamp stamp; //
    uint64_t number;            // 0: there is none
};

struct version_slot {
    struct version base;        // first
    _Atomic(uint64_t) number;   // 0: not known
    struct version_stamp stamp; // of that
    uint64_t round;             // in which it was set last; 0: never
    uint64_t shape_round;       // since which it has this shape, without a round that did not know it
    struct state seen[SEEN];    // a ring
    unsigned next;              // place of the ring to use
};

static uint64_t now(const struct version *base)
{
    const struct version_slot *slot = (const struct version_slot *)base;
    return atomic_load_explicit(&slot->number, memory_order_acquire);
}

void version_slots_init(struct version_slots *slots)
{
    *slots = (struct version_slots){0};
    name_table_init(&slots->names, sizeof(struct version_slot), LIMIT_VERSIONS);
    pthread_mutex_init(&slots->lock, NULL);
}

void version_slots_fini(struct version_slots *slots)
{
    name_table_fini(&slots->names);
    pthread_mutex_destroy(&slots->lock);
}

// Under the lock.
static struct version_slot *find(struct version_slots *slots, const char *name)
{
    struct version_slot *slot = name_table_find(&slots->names, name);
    if (slot != NULL)
        return slot;
    slot = name_table_add(&slots->names, name);
    if (slot != NULL)
        slot->base.now = now;
    return slot;
}

const struct version *version_slots_find(struct version_slots *slots, const char *name)
{
    pthread_mutex_lock(&slots->lock);
    struct version_slot *slot = find(slots, name);
    pthread_mutex_unlock(&slots->lock);
    return slot != NULL ? &slot->base : NULL;
}

void version_slots_begin(struct version_slots *slots)
{
    pthread_mutex_lock(&slots->lock);
    slots->round++;
}

static bool is_same(const struct version_stamp *one, const struct version_stamp *other)
{
    return one->rows == other->rows && one->history == other->history && one->shape == other->shape &&
           one->parts == other->parts;
}

// The number under which a read has seen the state; 0: none has.
static uint64_t find_seen(const struct version_slot *slot, const struct version_stamp *stamp)
{
    for (size_t i = 0; i < SEEN; i++) {
        if (slot->seen[i].number != 0 && is_same(&slot->seen[i].stamp, stamp))
            return slot->seen[i].number;
    }
    return 0;
}

bool version_slots_set(struct version_slots *slots, const char *name, const struct version_stamp *stamp)
{
    struct version_slot *slot = find(slots, name);
    if (slot == NULL)
        return false;
    bool was_known = atomic_load_explicit(&slot->number, memory_order_relaxed) != 0;
    bool is_other_shape = !was_known || slot->stamp.shape != stamp->shape;
    if (is_other_shape)
        slot->shape_round = slots->round;
    slot->round = slots->round;
    if (was_known && is_same(&slot->stamp, stamp))
        return false;
    slot->stamp = *stamp;
    uint64_t number = find_seen(slot, stamp);
    atomic_store_explicit(&slot->number, number != 0 ? number : ++slots->last, memory_order_release);
    return is_other_shape;
}

uint64_t version_slots_number(struct version_slots *slots)
{
    return ++slots->last;
}

void version_slots_end(struct version_slots *slots)
{
    struct version_slot *slot = NULL;
    while ((slot = name_table_next(&slots->names, slot)) != NULL) {
        if (slot->round == slots->round)
            continue;
        atomic_store_explicit(&slot->number, 0, memory_order_release);
        memset(slot->seen, 0, sizeof(slot->seen));
    }
    pthread_mutex_unlock(&slots->lock);
}

uint64_t version_slots_round(struct version_slots *slots, uint64_t *ret_last)
{
    pthread_mutex_lock(&slots->lock);
    uint64_t round = slots->round;
    *ret_last = slots->last;
    pthread_mutex_unlock(&slots->lock);
    return round;
}

const char *version_slots_name(const struct version *version)
{
    return version->now == now ? name_table_name(version) : NULL;
}

// Under the lock.
static uint64_t number_of(
    struct version_slots *slots, struct version_slot *slot, uint64_t rows, uint64_t history, uint64_t round)
{
    uint64_t number = atomic_load_explicit(&slot->number, memory_order_relaxed);
    if (number == 0 || slot->shape_round > round)
        return 0;
    struct version_stamp stamp = slot->stamp;
    stamp.rows = rows;
    stamp.history = history;
    if (is_same(&slot->stamp, &stamp))
        return number;
    number = find_seen(slot, &stamp);
    if (number != 0)
        return number;
    slot->seen[slot->next] = (struct state){.stamp = stamp, .number = ++slots->last};
    slot->next = (slot->next + 1) % SEEN;
    return slots->last;
}

uint64_t version_slots_seen(struct version_slots *slots, const struct version *version, uint64_t rows,
    uint64_t history, uint64_t round)
{
    pthread_mutex_lock(&slots->lock);
    struct version_slot *slot = name_table_find(&slots->names, version_slots_name(version));
    uint64_t number = slot != NULL ? number_of(slots, slot, rows, history, round) : 0;
    pthread_mutex_unlock(&slots->lock);
    return number;
}

uint64_t version_slots_parts(struct version_slots *slots, const struct version *version)
{
    pthread_mutex_lock(&slots->lock);
    uint64_t parts = ((const struct version_slot *)version)->stamp.parts;
    pthread_mutex_unlock(&slots->lock);
    return parts;
}
