// SPDX-License-Identifier: Apache-2.0
// A hash table over entries that each are one allocation, with their texts behind them. To count what is
// known costs a hash of two short texts and one comparison. One thread at a time.
#include "access/usage_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"

void usage_table_init(struct usage_table *table, size_t max)
{
    *table = (struct usage_table){.max = max};
}

void usage_table_fini(struct usage_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        mem_free(table->entries[i]);
    mem_free(table->entries);
    table_fini(&table->index);
    table->entries = NULL;
    table->count = table->room = 0;
}

static uint64_t hash_span(struct span text, uint64_t seed)
{
    return XXH3_64bits_withSeed(text.len > 0 ? text.at : "", text.len, seed);
}

static uint64_t hash_of(const struct usage_key *key)
{
    uint64_t numbers = (uint64_t)key->service << 40 ^ (uint64_t)(uint32_t)key->day << 8 ^ key->method;
    return hash_span(key->client, hash_span(key->path, numbers));
}

static bool is_it(const void *item, const void *wanted)
{
    const struct usage_key *a = &((const struct usage_entry *)item)->key, *b = wanted;
    return a->service == b->service && a->day == b->day && a->method == b->method &&
           span_equal(a->client, b->client) && span_equal(a->path, b->path);
}

static struct usage_entry *new_entry(const struct usage_key *key, uint64_t hash)
{
    struct usage_entry *entry = mem_alloc(sizeof(*entry) + key->client.len + key->path.len);
    if (entry == NULL)
        return NULL;
    char *client = (char *)(entry + 1), *path = client + key->client.len;
    *entry = (struct usage_entry){.key = *key, .hash = hash};
    if (key->client.len > 0)
        memcpy(client, key->client.at, key->client.len);
    if (key->path.len > 0)
        memcpy(path, key->path.at, key->path.len);
    entry->key.client.at = client;
    entry->key.path.at = path;
    return entry;
}

static enum err_code add_entry(
    struct usage_table *table, const struct usage_key *key, uint64_t hash, struct usage_entry **ret_entry)
{
    if (table->count == table->max)
        return ERR_BUSY;
    struct usage_entry **entries =
        mem_grow(table->entries, table->count, &table->room, sizeof(struct usage_entry *));
    if (entries == NULL)
        return ERR_NO_MEMORY;
    table->entries = entries;
    struct usage_entry *entry = new_entry(key, hash);
    if (entry == NULL || !table_add(&table->index, hash, entry)) {
        mem_free(entry);
        return ERR_NO_MEMORY;
    }
    entries[table->count++] = entry;
    *ret_entry = entry;
    return ERR_NONE;
}

static enum err_code add(
    struct usage_table *table, const struct usage_key *key, uint64_t hash, const struct usage_counts *counts)
{
    struct usage_entry *entry = table_find(&table->index, hash, is_it, key);
    enum err_code code = entry == NULL ? add_entry(table, key, hash, &entry) : ERR_NONE;
    if (code == ERR_NONE)
        usage_counts_add(&entry->counts, counts);
    return code;
}

enum err_code usage_table_add(
    struct usage_table *table, const struct usage_key *key, const struct usage_counts *counts)
{
    return add(table, key, hash_of(key), counts);
}

enum err_code usage_table_merge(struct usage_table *table, const struct usage_entry *entry)
{
    return add(table, &entry->key, entry->hash, &entry->counts);
}

static int compare(const void *left, const void *right)
{
    const struct usage_key *a = &(*(struct usage_entry *const *)left)->key;
    const struct usage_key *b = &(*(struct usage_entry *const *)right)->key;
    int order = (a->day > b->day) - (a->day < b->day);
    if (order == 0)
        order = span_compare(a->client, b->client);
    if (order == 0)
        order = span_compare(a->path, b->path);
    return order != 0 ? order : (a->method > b->method) - (a->method < b->method);
}

void usage_table_sort(struct usage_table *table)
{
    if (table->count > 1)
        qsort(table->entries, table->count, sizeof(struct usage_entry *), compare);
}

void usage_endpoint(const struct usage_key *key, char ret_text[USAGE_ENDPOINT_CHARS])
{
    snprintf(ret_text, USAGE_ENDPOINT_CHARS, "%s %.*s", http_method_name(key->method), (int)key->path.len,
        key->path.at);
}

void usage_counts_add(struct usage_counts *sum, const struct usage_counts *counts)
{
    sum->requests += counts->requests;
    sum->cached += counts->cached;
    sum->failed += counts->failed;
    sum->rows += counts->rows;
    sum->bytes += counts->bytes;
    sum->batch_rows += counts->batch_rows;
}
