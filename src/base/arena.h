// SPDX-License-Identifier: Apache-2.0
// Memory that is freed all at once: one arena for each request, one for each app. Bounded; one thread at a
// time.
#ifndef RECKONER_BASE_ARENA_H
#define RECKONER_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"

struct arena_block;

struct arena {
    struct arena_block *newest; // owned; blocks are chained to older ones
    size_t used;                // bytes handed out, alignment included
    size_t max;                 // used never exceeds this
    bool is_full;               // something was refused as `max` has no room for it
};

// Makes an empty arena that hands out at most `max` bytes. Nothing is allocated yet.
void arena_init(struct arena *arena, size_t max);

// Frees everything that was handed out; the struct is zeroed. A zeroed arena and NULL are fine.
void arena_fini(struct arena *arena);

// Uninitialised memory, aligned for any type, valid until arena_fini. NULL past max or without memory.
MUST_CHECK void *arena_alloc(struct arena *arena, size_t size);

// The same, zeroed, for `count` things of `size` bytes.
MUST_CHECK void *arena_zalloc(struct arena *arena, size_t count, size_t size);

// Makes room for one more thing of `size` bytes in an array of the arena that holds `count` of them and has
// room for *room: the array, as it is or moved, and *room raised; what is new in it is zeroed. An empty array
// is NULL, with a room of 0. NULL past max or without memory; the array stays as it was then.
MUST_CHECK void *arena_grow(struct arena *arena, void *items, size_t count, size_t *room, size_t size);

// A copy of `len` bytes with a NUL behind them.
MUST_CHECK char *arena_strndup(struct arena *arena, const char *text, size_t len);

// Sets *ret_copy to such a copy of a text, which may be empty; false, and it stays as it is, past max or
// without memory.
MUST_CHECK bool arena_copy(struct arena *arena, struct span text, struct span *ret_copy);

// A copy of a string.
MUST_CHECK char *arena_strdup(struct arena *arena, const char *text);

#endif
