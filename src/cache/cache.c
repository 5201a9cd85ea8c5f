// SPDX-License-Identifier: Apache-2.0
// Shards of entries. An entry holds a key, and the newest answer to it until that is known to be stale. The
// entries of a shard stand in a queue, the newest first. SIEVE's hand goes over it from the oldest to the
// newest, spares those that were asked for since it passed last, and takes out the first that was not; it
// stays where it is then, and begins again at the oldest behind the newest. Any thread, under a shard's lock.
//
// Bytes are counted as the allocator gives them out: of an answer with its body, of an entry with its key,
// and of the hash table. Answers that were taken out while a reply goes on with them are not counted any
// more: replies have a budget of their own.
#include "cache/cache.h"

#include <malloc.h>
#include <pthread.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/table.h"

enum {
    SHARDS = 16,     // more than loops and workers that look up at a time on most machines
    SEEN = 4096,     // keys that a shard remembers to have seen: a power of 2
    UNPROVEN = 1024, // answers that a shard keeps on trust …
    PROOF = 8,       // … of which one that is asked for again pays for so many
};

struct entry {
    struct key key;      // behind the struct
    struct kept *kept;   // a reference; NULL: it went stale
    bool was_used;       // asked for since the hand has passed, as far as `kept` does not tell
    struct entry *newer; // in the queue
    struct entry *older; //
    size_t bytes;        // of the entry, without `kept`
};

struct shard {
    pthread_mutex_t lock; // guards all
    struct table entries; // by the hashes of their keys; owned
    struct entry *newest; // of the queue
    struct entry *oldest; //
    struct entry *hand;   // the next entry that SIEVE looks at; NULL: the oldest
    size_t bytes;         // of all, but the table
    size_t answers;       // entries with a body
    uint64_t evicted;     //
    unsigned unproven;    // new answers that nobody has asked for again, as PROOF has it
    uint32_t seen[SEEN];  // parts of the hashes of keys, while there are too many of those
};

struct cache {
    size_t shard_bytes; // that each shard may hold
    struct shard shards[SHARDS];
};

static struct shard *shard_of(struct cache *cache, const struct key *key)
{
    return &cache->shards[key->hash >> 60 & (SHARDS - 1)];
}

// --- an entry, under the shard's lock

static bool has_key(const void *item, const void *key)
{
    return key_equal(&((const struct entry *)item)->key, key);
}

static struct entry *find(const struct shard *shard, const struct key *key)
{
    return table_find(&shard->entries, key->hash, has_key, key);
}

// The caller drops the reference that it gets, without the lock; it may be NULL.
static struct kept *take_kept(struct shard *shard, struct entry *entry)
{
    struct kept *kept = entry->kept;
    if (kept == NULL)
        return NULL;
    shard->bytes -= kept->bytes;
    shard->answers--;
    entry->was_used = entry->was_used || atomic_load_explicit(&kept->was_used, memory_order_relaxed);
    entry->kept = NULL;
    return kept;
}

static void set_kept(struct shard *shard, struct entry *entry, struct kept *kept)
{
    entry->kept = kept;
    shard->bytes += kept->bytes;
    shard->answers++;
}

static bool take_use(struct entry *entry)
{
    bool was_used = entry->was_used;
    if (entry->kept != NULL && atomic_exchange_explicit(&entry->kept->was_used, false, memory_order_relaxed))
        was_used = true;
    entry->was_used = false;
    return was_used;
}

static struct entry *add(struct shard *shard, const struct key *key)
{
    struct entry *entry = mem_zalloc(1, sizeof(*entry) + key->len);
    if (entry == NULL)
        return NULL;
    char *bytes = (char *)(entry + 1);
    memcpy(bytes, key->bytes, key->len);
    entry->key = (struct key){.bytes = bytes, .len = key->len, .hash = key->hash};
    entry->bytes = malloc_usable_size(entry);
    if (!table_add(&shard->entries, key->hash, entry)) {
        mem_free(entry);
        return NULL;
    }
    entry->older = shard->newest;
    if (shard->newest != NULL)
        shard->newest->newer = entry;
    else
        shard->oldest = entry;
    shard->newest = entry;
    shard->bytes += entry->bytes;
    return entry;
}

static void take_out(struct shard *shard, struct entry *entry)
{
    if (shard->hand == entry)
        shard->hand = entry->newer;
    if (entry->newer != NULL)
        entry->newer->older = entry->older;
    else
        shard->newest = entry->older;
    if (entry->older != NULL)
        entry->older->newer = entry->newer;
    else
        shard->oldest = entry->newer;
    table_take(&shard->entries, entry->key.hash, entry);
    shard->bytes -= entry->bytes;
}

// --- room

static size_t shard_bytes(const struct shard *shard)
{
    return shard->bytes + table_bytes(&shard->entries);
}

// The next entry to go. The hand passes each entry twice at most, as it takes the uses away.
static struct entry *choose(struct shard *shard)
{
    struct entry *entry = shard->hand != NULL ? shard->hand : shard->oldest;
    while (take_use(entry))
        entry = entry->newer != NULL ? entry->newer : shard->oldest;
    shard->hand = entry;
    return entry;
}

// Takes out entries until there is room again; they are linked by `older`, for free_entries.
static struct entry *make_room(struct shard *shard, size_t max_bytes, const struct entry *spared)
{
    struct entry *gone = NULL;
    while (shard_bytes(shard) > max_bytes && shard->newest != shard->oldest) {
        struct entry *entry = choose(shard);
        if (entry == spared) { // which has just come
            shard->hand = entry->newer;
            continue;
        }
        take_out(shard, entry);
        if (entry->kept != NULL) {
            shard->bytes -= entry->kept->bytes;
            shard->answers--;
        }
        shard->evicted++;
        entry->older = gone;
        gone = entry;
    }
    return gone;
}

static void free_entries(struct entry *gone)
{
    while (gone != NULL) {
        struct entry *next = gone->older;
        kept_unref(gone->kept);
        mem_free(gone);
        gone = next;
    }
}

// --- the cache

enum err_code cache_new(size_t max_bytes, struct cache **ret_cache, struct err *err)
{
    struct cache *cache = mem_zalloc(1, sizeof(*cache));
    if (cache == NULL)
        return err_no_memory(err);
    cache->shard_bytes = max_bytes > sizeof(*cache) ? (max_bytes - sizeof(*cache)) / SHARDS : 0;
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&cache->shards[i].lock, NULL);
    *ret_cache = cache;
    return ERR_NONE;
}

void cache_free(struct cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];
        table_fini(&shard->entries);
        free_entries(shard->newest);
        pthread_mutex_destroy(&shard->lock);
    }
    mem_free(cache);
}

struct kept *cache_find(struct cache *cache, const struct key *key)
{
    struct shard *shard = shard_of(cache, key);
    struct kept *kept = NULL;
    pthread_mutex_lock(&shard->lock);
    struct entry *entry = find(shard, key);
    if (entry != NULL) {
        entry->was_used = true;
        kept = kept_ref(entry->kept);
        shard->unproven -= shard->unproven < PROOF ? shard->unproven : PROOF;
    }
    pthread_mutex_unlock(&shard->lock);
    return kept;
}

bool cache_wants(struct cache *cache, const struct key *key)
{
    struct shard *shard = shard_of(cache, key);
    uint32_t part = (uint32_t)(key->hash >> 28) | 1; // 0 is of no key
    pthread_mutex_lock(&shard->lock);
    bool wants = shard->unproven < UNPROVEN || find(shard, key) != NULL;
    if (!wants) {
        uint32_t *seen = &shard->seen[key->hash & (SEEN - 1)];
        wants = *seen == part;
        *seen = part;
    }
    pthread_mutex_unlock(&shard->lock);
    return wants;
}

bool cache_keep(struct cache *cache, struct kept *kept)
{
    struct shard *shard = shard_of(cache, &kept->key);
    struct kept *before = NULL;
    if (kept->bytes > LIMIT_KEPT_BYTES || kept->bytes > cache->shard_bytes / 2)
        return false;
    pthread_mutex_lock(&shard->lock);
    struct entry *entry = find(shard, &kept->key);
    if (entry == NULL) {
        entry = add(shard, &kept->key);
        shard->unproven += shard->unproven < UNPROVEN;
    }
    struct entry *gone = NULL;
    if (entry != NULL) {
        before = take_kept(shard, entry);
        set_kept(shard, entry, kept_ref(kept));
        gone = make_room(shard, cache->shard_bytes, entry);
    }
    pthread_mutex_unlock(&shard->lock);
    kept_unref(before);
    free_entries(gone);
    return entry != NULL;
}

void cache_drop(struct cache *cache, const struct kept *kept)
{
    struct shard *shard = shard_of(cache, &kept->key);
    struct kept *stale = NULL;
    pthread_mutex_lock(&shard->lock);
    struct entry *entry = find(shard, &kept->key);
    if (entry != NULL && entry->kept == kept)
        stale = take_kept(shard, entry);
    pthread_mutex_unlock(&shard->lock);
    kept_unref(stale);
}

struct cache_stats cache_stats(struct cache *cache)
{
    struct cache_stats stats = {
        .max_bytes = sizeof(*cache) + cache->shard_bytes * SHARDS, .bytes = sizeof(*cache)};
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->lock);
        stats.bytes += shard_bytes(shard);
        stats.answers += shard->answers;
        stats.entries += shard->entries.count;
        stats.evicted += shard->evicted;
        pthread_mutex_unlock(&shard->lock);
    }
    return stats;
}
