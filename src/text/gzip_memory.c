// SPDX-License-Identifier: Apache-2.0
// The two functions that zlib calls (zlib.h, alloc_func). No state; any thread.
#include "text/gzip_memory.h"

#include "base/mem.h"

static void *take(void *ctx, unsigned count, unsigned size)
{
    (void)ctx;
    return mem_zalloc(count, size);
}

static void give_back(void *ctx, void *memory)
{
    (void)ctx;
    mem_free(memory);
}

void gzip_memory_set(z_stream *stream)
{
    stream->zalloc = take;
    stream->zfree = give_back;
}
