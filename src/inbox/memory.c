// SPDX-License-Identifier: Apache-2.0
// A hash of what was told is kept, not its text: two that are mixed up cost a line of the log.
#include "inbox/memory.h"

#include <string.h>

#include <xxhash.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

#define HASH_NONFATAL_OOM          1
#define uthash_malloc(size)        mem_alloc(size)
#define uthash_free(memory, size)  mem_free(memory)
#define uthash_nonfatal_oom(entry) ((entry)->round = UINT64_MAX)
#include <uthash.h>

struct memory_item {
    char *path;              // owned; the key
    struct file_stamp stamp; // of a file, as it was seen last
    uint64_t since_ns;       // monotonic: since when it is as it is
    uint64_t seen_ns;        // monotonic: when it was seen so first
    uint64_t written;        // batches that had gone in at its last failure
    unsigned counted;        // failures that may be its own
    uint64_t next_ns;        // monotonic: it is tried from then on
    uint64_t told;           // hash of what was told; 0: nothing
    uint64_t round;          // in which it was asked for last; UINT64_MAX: it is not in the table
    unsigned failures;       // tries that were put off, in a row
    bool is_seen;            // there is a stamp
    bool has_changed;        // there was another one
    bool is_over;            // nothing is left to be done until it changes
    UT_hash_handle hh;       // uthash's own
};

static void free_item(struct memory_item *item)
{
    mem_free(item->path);
    mem_free(item);
}

void memory_begin(struct memory *memory)
{
    memory->round++;
}

static struct memory_item *add(struct memory *memory, const char *path, size_t len)
{
    struct memory_item *item = mem_zalloc(1, sizeof(*item));
    if (item == NULL)
        return NULL;
    item->path = mem_strndup(path, len);
    if (item->path == NULL) {
        mem_free(item);
        return NULL;
    }
    HASH_ADD_KEYPTR(hh, memory->items, item->path, len, item);
    if (item->round == UINT64_MAX) { // uthash had no memory for it
        free_item(item);
        return NULL;
    }
    return item;
}

struct memory_item *memory_of(struct memory *memory, const char *path)
{
    size_t len = strlen(path);
    struct memory_item *item;
    HASH_FIND(hh, memory->items, path, len, item);
    if (item == NULL)
        item = add(memory, path, len);
    if (item != NULL)
        item->round = memory->round;
    return item;
}

void memory_end(struct memory *memory)
{
    for (struct memory_item *item = memory->items, *next; item != NULL; item = next) {
        next = item->hh.next;
        if (item->round == memory->round)
            continue;
        HASH_DEL(memory->items, item);
        free_item(item);
    }
}

void memory_fini(struct memory *memory)
{
    memory->round++;
    memory_end(memory);
}

void memory_see(struct memory_item *item, const struct file_stamp *stamp, uint64_t now_ns, int64_t wall_ns)
{
    if (item->is_seen && file_stamp_equal(&item->stamp, stamp))
        return;
    uint64_t age_ns = stamp->changed_ns < wall_ns ? (uint64_t)(wall_ns - stamp->changed_ns) : 0;
    if (item->is_seen) { // it is another file, or was mended
        memory_relent(item);
        item->has_changed = true;
        item->is_over = false;
    }
    item->stamp = *stamp;
    item->is_seen = true;
    item->seen_ns = now_ns;
    item->counted = 0;
    item->since_ns = age_ns < now_ns ? now_ns - age_ns : 0;
}

void memory_note_change(struct memory_item *item, uint64_t now_ns)
{
    static const struct file_stamp none = {0}; // which no file has
    memory_see(item, &none, now_ns, INT64_MIN);
}

uint64_t memory_age_ns(const struct memory_item *item, uint64_t now_ns)
{
    return now_ns > item->since_ns ? now_ns - item->since_ns : 0;
}

unsigned memory_count_failure(struct memory_item *item, uint64_t written)
{
    if (item->counted == 0 || written > item->written)
        item->counted++;
    item->written = written;
    return item->counted;
}

uint64_t memory_seen_ns(const struct memory_item *item, uint64_t now_ns)
{
    return now_ns > item->seen_ns ? now_ns - item->seen_ns : 0;
}

void memory_set_over(struct memory_item *item)
{
    item->is_over = true;
}

bool memory_is_over(const struct memory_item *item)
{
    return item->is_over;
}

bool memory_has_changed(const struct memory_item *item)
{
    return item->has_changed;
}

unsigned memory_put_off(struct memory_item *item, uint64_t now_ns)
{
    uint64_t ms = backoff_ms(++item->failures, LIMIT_INBOX_PAUSE_MS, LIMIT_INBOX_PAUSE_MAX_MS);
    item->next_ns = now_ns + ms * NS_PER_MS;
    return item->failures;
}

void memory_relent(struct memory_item *item)
{
    item->failures = 0;
    item->next_ns = 0;
    item->told = 0;
}

bool memory_is_due(const struct memory_item *item, uint64_t now_ns)
{
    return now_ns >= item->next_ns;
}

bool memory_is_news(struct memory_item *item, const char *text)
{
    uint64_t hash = XXH3_64bits(text, strlen(text)) | 1;
    bool is_news = hash != item->told;
    item->told = hash;
    return is_news;
}
