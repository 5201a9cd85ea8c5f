// SPDX-License-Identifier: Apache-2.0
// A table of items that are found by a name, and stay where they are until all go.
#ifndef RECKONER_STORE_NAME_TABLE_H
#define RECKONER_STORE_NAME_TABLE_H

#include <stddef.h>

struct named; // name_table.c

// One thread at a time.
struct name_table {
    struct named *by_name; // owned; a hash table
    size_t count;          // of items
    size_t most;           // of them
    size_t item_bytes;     // of each
};

void name_table_init(struct name_table *table, size_t item_bytes, size_t most);
void name_table_fini(struct name_table *table);

// The item of a name; NULL: there is none.
void *name_table_find(const struct name_table *table, const char *name);

// Adds an item of zeros for a name that has none, which is copied. NULL when there are enough, and without
// memory. The table's until name_table_fini.
void *name_table_add(struct name_table *table, const char *name);

// The item that was added behind this one; of NULL, the first one; NULL behind the last.
void *name_table_next(const struct name_table *table, const void *item);

// The name of an item; any thread.
const char *name_table_name(const void *item);

#endif
