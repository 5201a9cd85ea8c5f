// SPDX-License-Identifier: Apache-2.0
// The system's allocator behind one door, with a counter that tests set to make an allocation fail. The
// counter is the thread's own, so that a test is not disturbed by other threads. Any thread.
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 16 }; // of an array that grows

static _Thread_local long allocations_until_failure = -1; // negative: never

static bool must_fail(void)
{
    if (allocations_until_failure < 0)
        return false;
    return allocations_until_failure-- == 0;
}

void mem_fail_after(long count)
{
    allocations_until_failure = count;
}

void *mem_alloc(size_t size)
{
    if (must_fail())
        return NULL;
    return malloc(size > 0 ? size : 1);
}

void *mem_zalloc(size_t count, size_t size)
{
    if (must_fail() || (size > 0 && count > SIZE_MAX / size))
        return NULL;
    return calloc(count > 0 ? count : 1, size > 0 ? size : 1);
}

void *mem_realloc(void *old, size_t size)
{
    if (must_fail())
        return NULL;
    return realloc(old, size > 0 ? size : 1);
}

char *mem_strndup(const char *text, size_t len)
{
    if (len == SIZE_MAX)
        return NULL;
    char *copy = mem_alloc(len + 1);
    if (copy == NULL)
        return NULL;
    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *mem_strdup(const char *text)
{
    return mem_strndup(text, strlen(text));
}

void *mem_grow(void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return items;
    size_t more = count > 0 ? 2 * count : FIRST_ROOM;
    if (more < count || more > SIZE_MAX / size)
        return NULL;
    void *grown = mem_realloc(items, more * size);
    if (grown != NULL)
        *room = more;
    return grown;
}

void mem_free(void *memory)
{
    free(memory);
}
