// SPDX-License-Identifier: Apache-2.0
// A chain of blocks, each of at least BLOCK_BYTES; what is larger gets a block of its own. Memory is handed
// out of the newest block only, and never taken back before the end. One thread at a time.
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK_BYTES = 4096, FIRST_ROOM = 16 };

struct arena_block {
    struct arena_block *older;                 // the next one to free
    size_t used;                               // bytes of data[] handed out
    size_t cap;                                // bytes of data[]
    alignas(max_align_t) unsigned char data[]; // what is handed out
};

void arena_init(struct arena *arena, size_t max)
{
    *arena = (struct arena){.max = max};
}

void arena_fini(struct arena *arena)
{
    if (arena == NULL)
        return;
    struct arena_block *block = arena->newest;
    while (block != NULL) {
        struct arena_block *older = block->older;
        mem_free(block);
        block = older;
    }
    *arena = (struct arena){0};
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t step = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (size > arena->max || step > arena->max - arena->used) {
        arena->is_full = true;
        return NULL;
    }
    struct arena_block *block = arena->newest;
    if (block == NULL || step > block->cap - block->used) {
        size_t cap = step > BLOCK_BYTES ? step : BLOCK_BYTES;
        block = mem_alloc(sizeof(*block) + cap);
        if (block == NULL)
            return NULL;
        *block = (struct arena_block){.older = arena->newest, .cap = cap};
        arena->newest = block;
    }
    void *memory = block->data + block->used;
    block->used += step;
    arena->used += step;
    return memory;
}

void *arena_zalloc(struct arena *arena, size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size)
        return NULL;
    void *memory = arena_alloc(arena, count * size);
    if (memory != NULL)
        memset(memory, 0, count * size);
    return memory;
}

void *arena_grow(struct arena *arena, void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return items;
    size_t more = *room == 0 ? FIRST_ROOM : *room * 2;
    void *grown = arena_zalloc(arena, more, size);
    if (grown == NULL)
        return NULL;
    if (count > 0)
        memcpy(grown, items, count * size);
    *room = more;
    return grown;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
    if (len == SIZE_MAX)
        return NULL;
    char *copy = arena_alloc(arena, len + 1);
    if (copy == NULL)
        return NULL;
    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

bool arena_copy(struct arena *arena, struct span text, struct span *ret_copy)
{
    const char *copy = arena_strndup(arena, text.at, text.len);
    if (copy == NULL)
        return false;
    *ret_copy = (struct span){.at = copy, .len = text.len};
    return true;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}
