// SPDX-License-Identifier: Apache-2.0
// The answers that are kept, by their keys, in a bounded number of bytes. Which of them go when there is no
// room is decided by SIEVE (Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024): each answer that was not
// asked for again goes before any that was, so questions that are asked once do not push out those that many
// ask. An answer that has gone stale loses its body and keeps its rank.
//
// Any thread. Answers lie in shards by their keys' hashes, each under a lock of its own that is held for a
// look-up or a change.
#ifndef RECKONER_CACHE_CACHE_H
#define RECKONER_CACHE_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "cache/kept.h"

struct cache;

// One for at most max_bytes of memory, all told: answers, keys and tables. ERR_NO_MEMORY.
MUST_CHECK enum err_code cache_new(size_t max_bytes, struct cache **ret_cache, struct err *err);

// Drops all. NULL is fine.
void cache_free(struct cache *cache);

// A reference to the answer with that key, which may be stale; NULL: there is none. It counts as asked for.
struct kept *cache_find(struct cache *cache, const struct key *key);

// Whether an answer to that key, which is being read, is worth keeping. It is, but while hardly any of those
// that were kept lately were asked for again: then only one whose key has come before, not long ago. So
// questions that nobody repeats cost no more than their look-up.
bool cache_wants(struct cache *cache, const struct key *key);

// Keeps an answer with marks, in the place of the one with its key, and takes a reference of its own. One
// that is larger than LIMIT_KEPT_BYTES, or than half of what a shard may have (1/32 of all), is not kept, nor
// is any without memory: false then.
bool cache_keep(struct cache *cache, struct kept *kept);

// The answer is stale: its body goes. Nothing when another one has taken its place.
void cache_drop(struct cache *cache, const struct kept *kept);

struct cache_stats {
    size_t max_bytes; // that these may take
    size_t bytes;     // that all answers, keys and tables take now
    size_t answers;   // with a body
    size_t entries;   // with or without one
    uint64_t evicted; // entries that had to go for others, since the start
};

struct cache_stats cache_stats(struct cache *cache);

#endif
