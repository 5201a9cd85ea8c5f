// SPDX-License-Identifier: Apache-2.0
// A hash table of uthash's; what it needs of an item stands in front of that, and the name behind it.
#include "store/name_table.h"

#include <stdalign.h>
#include <string.h>

#include "base/mem.h"

#define HASH_NONFATAL_OOM          1
#define uthash_malloc(size)        mem_alloc(size)
#define uthash_free(memory, size)  mem_free(memory)
#define uthash_nonfatal_oom(entry) ((entry)->name = NULL)
#include <uthash.h>

struct named {
    const char *name;                 // the key; behind the item
    UT_hash_handle hh;                // uthash's own
    alignas(max_align_t) char item[]; // and the name, with a NUL
};

static const struct named *named_of(const void *item)
{
    return (const struct named *)((const char *)item - offsetof(struct named, item));
}

void name_table_init(struct name_table *table, size_t item_bytes, size_t most)
{
    *table = (struct name_table){.most = most, .item_bytes = item_bytes};
}

void name_table_fini(struct name_table *table)
{
    struct named *named, *next;
    HASH_ITER (hh, table->by_name, named, next) {
        HASH_DEL(table->by_name, named);
        mem_free(named);
    }
}

void *name_table_find(const struct name_table *table, const char *name)
{
    struct named *named;
    HASH_FIND(hh, table->by_name, name, strlen(name), named);
    return named != NULL ? named->item : NULL;
}

void *name_table_add(struct name_table *table, const char *name)
{
    size_t len = strlen(name);
    if (table->count == table->most)
        return NULL;
    struct named *named = mem_zalloc(1, sizeof(*named) + table->item_bytes + len + 1);
    if (named == NULL)
        return NULL;
    named->name = memcpy(named->item + table->item_bytes, name, len);
    HASH_ADD_KEYPTR(hh, table->by_name, named->name, len, named);
    if (named->name == NULL) { // uthash had no memory for it
        mem_free(named);
        return NULL;
    }
    table->count++;
    return named->item;
}

void *name_table_next(const struct name_table *table, const void *item)
{
    struct named *next = item != NULL ? named_of(item)->hh.next : table->by_name;
    return next != NULL ? next->item : NULL;
}

const char *name_table_name(const void *item)
{
    return named_of(item)->name;
}
