// SPDX-License-Identifier: Apache-2.0
// yajl's buffers begin with 2 KiB and double until a token fits (yajl_buf.c). The first step comes from the
// fixed part; a later one gets a spare block of the final size at once, and further steps find that they have
// room.
#include "text/yajl_memory.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST_BUFFER_BYTES = 2048 };

// Stands before each block.
struct block {
    size_t size;                               // bytes of data[]
    alignas(max_align_t) unsigned char data[]; // what yajl gets
};

static struct block *block_of(void *data)
{
    return (struct block *)(void *)((unsigned char *)data - offsetof(struct block, data));
}

static void *take_fixed(void *ctx, size_t size)
{
    struct yajl_memory *memory = ctx;
    size_t step = (sizeof(struct block) + size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    assert(step <= sizeof(memory->fixed) - memory->used);
    struct block *block = (struct block *)(void *)(memory->fixed + memory->used);
    block->size = size;
    memory->used += step;
    return block->data;
}

static bool is_fixed(const struct yajl_memory *memory, const struct block *block)
{
    const unsigned char *at = (const unsigned char *)block;
    return at >= memory->fixed && at < memory->fixed + sizeof(memory->fixed);
}

static void give_back(void *ctx, void *data)
{
    if (data != NULL && !is_fixed(ctx, block_of(data)))
        mem_free(block_of(data));
}

static void *take_spare(struct yajl_memory *memory, size_t size)
{
    size_t i = memory->spare[0] != NULL ? 0 : 1;
    struct block *block = memory->spare[i];
    assert(block != NULL && size <= block->size); // yajl_memory_reserve has seen to it
    memory->spare[i] = NULL;
    return block->data;
}

static void *grow(void *ctx, void *old, size_t size)
{
    struct yajl_memory *memory = ctx;
    if (old == NULL)
        return take_fixed(memory, size);
    size_t old_size = block_of(old)->size;
    if (size <= old_size)
        return old;
    void *data = take_spare(memory, size);
    memcpy(data, old, old_size);
    give_back(memory, old);
    return data;
}

void yajl_memory_init(struct yajl_memory *memory)
{
    memory->functions =
        (yajl_alloc_funcs){.malloc = take_fixed, .realloc = grow, .free = give_back, .ctx = memory};
    memory->used = 0;
    memory->ready = FIRST_BUFFER_BYTES;
    for (size_t i = 0; i < YAJL_BUFFERS; i++)
        memory->spare[i] = NULL;
}

void yajl_memory_fini(struct yajl_memory *memory)
{
    for (size_t i = 0; i < YAJL_BUFFERS; i++) {
        mem_free(memory->spare[i]);
        memory->spare[i] = NULL;
    }
}

enum err_code yajl_memory_reserve(struct yajl_memory *memory, size_t token_bytes)
{
    size_t size = memory->ready;
    while (size <= token_bytes) // yajl puts a NUL behind
        size *= 2;
    if (size == memory->ready)
        return ERR_NONE;
    for (size_t i = 0; i < YAJL_BUFFERS; i++) {
        struct block *block = mem_alloc(sizeof(*block) + size);
        if (block == NULL)
            return ERR_NO_MEMORY;
        block->size = size;
        mem_free(memory->spare[i]);
        memory->spare[i] = block;
    }
    memory->ready = size;
    return ERR_NONE;
}
