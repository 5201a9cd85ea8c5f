// SPDX-License-Identifier: Apache-2.0
// A hash table of slots. What a database counts may begin anew, when another one takes its place; so numbers
// are made here, where each is given out once. Any thread finds slots and reads numbers; one thread sets
// them.
#include "store/version_slots.h"

#include <stdatomic.h>

#include "base/limits.h"
#include "base/mem.h"

#define HASH_NONFATAL_OOM          1
#define uthash_malloc(size)        mem_alloc(size)
#define uthash_free(memory, size)  mem_free(memory)
#define uthash_nonfatal_oom(entry) ((entry)->name = NULL)
#include <uthash.h>

struct version_slot {
    struct version base;      // first
    _Atomic(uint64_t) number; // 0: not known
    int64_t stamp;            // what the database counted when `number` was set
    uint64_t round;           // in which it was set last; 0: never
    const char *name;         // the key; of `text`
    UT_hash_handle hh;        // uthash's own
    char text[];              // with a NUL behind it
};

static uint64_t now(const struct version *base)
{
    const struct version_slot *slot = (const struct version_slot *)base;
    return atomic_load_explicit(&slot->number, memory_order_acquire);
}

void version_slots_init(struct version_slots *slots)
{
    *slots = (struct version_slots){0};
    pthread_mutex_init(&slots->lock, NULL);
}

void version_slots_fini(struct version_slots *slots)
{
    struct version_slot *slot, *next;
    HASH_ITER (hh, slots->by_name, slot, next) {
        HASH_DEL(slots->by_name, slot);
        mem_free(slot);
    }
    pthread_mutex_destroy(&slots->lock);
}

// Under the lock.
static struct version_slot *find(struct version_slots *slots, const char *name)
{
    struct version_slot *slot;
    size_t len = strlen(name);
    HASH_FIND(hh, slots->by_name, name, len, slot);
    if (slot != NULL || slots->count == LIMIT_VERSIONS)
        return slot;
    slot = mem_zalloc(1, sizeof(*slot) + len + 1);
    if (slot == NULL)
        return NULL;
    slot->base.now = now;
    slot->name = memcpy(slot->text, name, len);
    HASH_ADD_KEYPTR(hh, slots->by_name, slot->name, len, slot);
    if (slot->name == NULL) { // uthash had no memory for it
        mem_free(slot);
        return NULL;
    }
    slots->count++;
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

void version_slots_set(struct version_slots *slots, const char *name, int64_t stamp)
{
    struct version_slot *slot = find(slots, name);
    if (slot == NULL)
        return;
    bool is_same = slot->round != 0 && slot->round == slots->round - 1 && slot->stamp == stamp;
    slot->round = slots->round;
    slot->stamp = stamp;
    if (!is_same)
        atomic_store_explicit(&slot->number, ++slots->last, memory_order_release);
}

void version_slots_end(struct version_slots *slots)
{
    for (struct version_slot *slot = slots->by_name; slot != NULL; slot = slot->hh.next) {
        if (slot->round != slots->round)
            atomic_store_explicit(&slot->number, 0, memory_order_release);
    }
    pthread_mutex_unlock(&slots->lock);
}
