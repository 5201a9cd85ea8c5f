// SPDX-License-Identifier: Apache-2.0
// Linear probing: an item lies at the place of its hash, or behind it with no free place in between. What is
// taken out is filled up from behind, so that this stays true (Knuth, The Art of Computer Programming, vol.
// 3, section 6.4, algorithm R). At most half of the places are taken. One thread at a time.
#include "base/table.h"

#include <malloc.h>

#include "base/mem.h"

enum { FIRST_ROOM = 16 };

void table_fini(struct table *table)
{
    mem_free(table->tags);
    mem_free(table->items);
    *table = (struct table){0};
}

size_t table_bytes(const struct table *table)
{
    return table->room == 0 ? 0 : malloc_usable_size(table->tags) + malloc_usable_size(table->items);
}

// The tag decides the place, too, so that an item can be moved without its hash.
static uint32_t tag_of(uint64_t hash)
{
    uint32_t tag = (uint32_t)hash;
    return tag != 0 ? tag : 1;
}

static size_t next(const struct table *table, size_t at)
{
    return (at + 1) & (table->room - 1);
}

void *table_find(const struct table *table, uint64_t hash, bool (*is_it)(const void *item, const void *key),
    const void *key)
{
    uint32_t tag = tag_of(hash);
    if (table->room == 0)
        return NULL;
    for (size_t at = tag & (table->room - 1); table->tags[at] != 0; at = next(table, at)) {
        if (table->tags[at] == tag && is_it(table->items[at], key))
            return table->items[at];
    }
    return NULL;
}

static void put(struct table *table, uint32_t tag, void *item)
{
    size_t at = tag & (table->room - 1);
    while (table->tags[at] != 0)
        at = next(table, at);
    table->tags[at] = tag;
    table->items[at] = item;
}

static bool grow(struct table *table)
{
    struct table grown = {.room = table->room == 0 ? FIRST_ROOM : 2 * table->room, .count = table->count};
    grown.tags = mem_zalloc(grown.room, sizeof(*grown.tags));
    grown.items = mem_zalloc(grown.room, sizeof(*grown.items));
    if (grown.tags == NULL || grown.items == NULL) {
        table_fini(&grown);
        return false;
    }
    for (size_t at = 0; at < table->room; at++) {
        if (table->tags[at] != 0)
            put(&grown, table->tags[at], table->items[at]);
    }
    table_fini(table);
    *table = grown;
    return true;
}

bool table_add(struct table *table, uint64_t hash, void *item)
{
    if (2 * (table->count + 1) > table->room && !grow(table))
        return false;
    put(table, tag_of(hash), item);
    table->count++;
    return true;
}

void table_take(struct table *table, uint64_t hash, const void *item)
{
    size_t mask = table->room - 1, hole = tag_of(hash) & mask;
    while (table->items[hole] != item)
        hole = next(table, hole);
    for (size_t at = next(table, hole); table->tags[at] != 0; at = next(table, at)) {
        size_t home = table->tags[at] & mask;
        if (((at - home) & mask) < ((at - hole) & mask)) // its home lies behind the hole
            continue;
        table->tags[hole] = table->tags[at];
        table->items[hole] = table->items[at];
        hole = at;
    }
    table->tags[hole] = 0;
    table->items[hole] = NULL;
    table->count--;
}
