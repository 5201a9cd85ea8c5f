// SPDX-License-Identifier: Apache-2.0
// All heap memory that the sources ask for by themselves comes through here, so that tests can make the n-th
// allocation fail and watch what happens. What libraries take by themselves (SQLite's, a state of zstd's or
// xxhash's) does not.
// Every function may be called on any thread; NULL means that there is no memory.
#ifndef RECKONER_BASE_MEM_H
#define RECKONER_BASE_MEM_H

#include <stddef.h>

#include "base/attr.h"

// Uninitialised memory of `size` bytes; the caller owns it.
MUST_CHECK void *mem_alloc(size_t size);

// Zeroed memory for `count` things of `size` bytes; NULL too when the product overflows.
MUST_CHECK void *mem_zalloc(size_t count, size_t size);

// As realloc(3): on failure NULL, and `old` stays as it was.
MUST_CHECK void *mem_realloc(void *old, size_t size);

// A copy of `len` bytes with a NUL behind them.
MUST_CHECK char *mem_strndup(const char *text, size_t len);

// A copy of a string.
MUST_CHECK char *mem_strdup(const char *text);

// Makes room for one more thing of `size` bytes in an array that holds `count` of them and has room for
// *room: the array, as it is or moved, and *room raised. An empty array is NULL, with a room of 0. NULL
// without memory; the array stays as it was then.
MUST_CHECK void *mem_grow(void *items, size_t count, size_t *room, size_t size);

// Frees; NULL is fine.
void mem_free(void *memory);

// Tests only: the allocation after `count` more ones fails, once; a negative count switches this off (the
// default). Counts the allocations of the calling thread alone.
void mem_fail_after(long count);

#endif
