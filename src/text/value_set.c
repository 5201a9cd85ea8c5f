// SPDX-License-Identifier: Apache-2.0
// Open addressing over 64-bit FNV-1a hashes, at most half full. The texts themselves are not kept: four
// million of them take 64 MiB. One thread at a time.
#include "text/value_set.h"

#include "base/mem.h"

enum { ROOM = 64 }; // at first

void value_set_init(struct value_set *set, size_t max)
{
    *set = (struct value_set){.max = max};
}

void value_set_fini(struct value_set *set)
{
    mem_free(set->slots);
    *set = (struct value_set){0};
}

void value_set_lose(struct value_set *set)
{
    mem_free(set->slots);
    *set = (struct value_set){.is_lost = true, .count = set->count};
}

// Never 0, and spread over all bits.
static uint64_t hash_of(struct span text)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.at[i]) * 0x100000001b3u;
    hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93u;
    hash ^= hash >> 32;
    return hash != 0 ? hash : 1;
}

// Where the hash is, or would be.
static uint64_t *find(uint64_t *slots, size_t room, uint64_t hash)
{
    size_t at = hash & (room - 1);
    while (slots[at] != 0 && slots[at] != hash)
        at = (at + 1) & (room - 1);
    return &slots[at];
}

static bool grow(struct value_set *set)
{
    size_t room = set->room > 0 ? 2 * set->room : ROOM;
    uint64_t *slots = mem_zalloc(room, sizeof(*slots));
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < set->room; i++) {
        if (set->slots[i] != 0)
            *find(slots, room, set->slots[i]) = set->slots[i];
    }
    mem_free(set->slots);
    set->slots = slots;
    set->room = room;
    return true;
}

bool value_set_add(struct value_set *set, struct span text)
{
    if (set->is_lost)
        return true;
    if (2 * set->count >= set->room && !grow(set)) {
        value_set_lose(set);
        return true;
    }
    uint64_t hash = hash_of(text);
    uint64_t *slot = find(set->slots, set->room, hash);
    if (*slot == hash)
        return false;
    if (set->count == set->max) {
        value_set_lose(set);
        return true;
    }
    *slot = hash;
    set->count++;
    return true;
}
