// SPDX-License-Identifier: Apache-2.0
// A hash table of pointers, by hashes that its user has at hand. A look-up reads tags that lie side by side,
// and so costs a new question one miss of the processor's cache; uthash, which chains its entries, costs one
// for each entry that it passes over.
#ifndef RECKONER_BASE_TABLE_H
#define RECKONER_BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct table {
    uint32_t *tags; // owned; of each place, a part of the hash; 0: the place is free
    void **items;   // owned
    size_t room;    // places: 0, or a power of 2
    size_t count;   // of items
};

// Frees. A zeroed table is an empty one.
void table_fini(struct table *table);

// Memory of the table itself, as the allocator has it.
size_t table_bytes(const struct table *table);

// The item of that hash that `is_it` says yes to, or NULL.
void *table_find(const struct table *table, uint64_t hash, bool (*is_it)(const void *item, const void *key),
    const void *key);

// Adds an item that is not there; false without memory.
MUST_CHECK bool table_add(struct table *table, uint64_t hash, void *item);

// Takes an item out that is there.
void table_take(struct table *table, uint64_t hash, const void *item);

#endif
