// SPDX-License-Identifier: Apache-2.0
// A table with open addressing by the first bytes of the digests, which are as good as random. An entry's
// digest is compared as a whole, in constant time; which places are taken tells nothing about a secret, as
// nobody finds the secret to a digest. Counted with atomics: any thread.
#include "access/key_table.h"

#include <string.h>

#include "access/account.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"

struct entry {
    struct secret_digest digest;
    int64_t revoked_s; // 0: it is not
};

struct key_table {
    atomic_uint references; // key_table_ref, key_table_unref
    uint64_t generation;    //
    size_t count;           // of entries and clients
    struct entry *entries;  // in the order of the rows
    struct client *clients; // of the entry with the same number
    uint32_t *slots;        // numbers of entries, from 1; 0: free
    size_t slot_mask;       // there are a power of two of them, and at least half is free
    size_t next_use;        // where key_table_take_uses goes on
    struct arena arena;     // owns all above, and the texts
};

static size_t first_slot(const struct key_table *table, const struct secret_digest *digest)
{
    uint64_t start;
    memcpy(&start, digest->bytes, sizeof(start));
    return (size_t)start & table->slot_mask;
}

// The slot that has the digest, or the free one where it belongs.
static size_t find_slot(const struct key_table *table, const struct secret_digest *digest)
{
    size_t slot = first_slot(table, digest);
    while (table->slots[slot] != 0 &&
           !secret_digest_equal(&table->entries[table->slots[slot] - 1].digest, digest))
        slot = (slot + 1) & table->slot_mask;
    return slot;
}

// --- making

static size_t count_lines(struct span text)
{
    size_t count = 0;
    while (text.len > 0)
        count += span_line(&text).len > 0;
    return count;
}

static bool read_scopes(struct arena *arena, struct span text, struct client *client)
{
    struct span lines;
    client->scopes = arena_zalloc(arena, count_lines(text), sizeof(*client->scopes));
    if (client->scopes == NULL || !arena_copy(arena, text, &lines))
        return false;
    while (lines.len > 0) {
        struct span line = span_line(&lines);
        if (line.len > 0)
            client->scopes[client->scope_count++] = line;
    }
    return true;
}

static bool read_claims(struct arena *arena, struct span text, struct client *client)
{
    struct span lines;
    client->claims = arena_zalloc(arena, count_lines(text), sizeof(*client->claims));
    if (client->claims == NULL || !arena_copy(arena, text, &lines))
        return false;
    while (lines.len > 0) {
        struct span line = span_line(&lines);
        if (line.len == 0)
            continue;
        struct claim_value *claim = &client->claims[client->claim_count++];
        claim->name = span_split(&line, '=');
        claim->text = line;
    }
    return true;
}

static bool read_client(struct arena *arena, const struct key_row *row, struct client *client)
{
    client->kind = CLIENT_KEY;
    client->secret = row->secret;
    client->ends_s = row->ends_s;
    atomic_init(&client->used_s, 0);
    return arena_copy(arena, row->id, &client->id) && arena_copy(arena, row->label, &client->label) &&
           arena_copy(arena, row->plan, &client->plan) && read_scopes(arena, row->scopes, client) &&
           read_claims(arena, row->claims, client);
}

// Whether the row is no larger than those that `reckoner key` writes: servers keep all of it in memory.
static bool has_bounds(const struct key_row *row)
{
    return row->scopes.len <= LIMIT_SCOPES_BYTES && row->claims.len <= LIMIT_SCOPES_BYTES &&
           count_lines(row->scopes) <= LIMIT_SCOPES && count_lines(row->claims) <= LIMIT_CLAIMS;
}

static enum err_code fill(struct key_table *table, const struct key_row *rows, struct err *err)
{
    for (size_t i = 0; i < table->count; i++) {
        size_t slot = find_slot(table, &rows[i].digest);
        if (table->slots[slot] != 0)
            return err_set(err, ERR_STORE, "the keys %.*s and %.*s have the same secret", (int)rows[i].id.len,
                rows[i].id.at, (int)table->clients[table->slots[slot] - 1].id.len,
                table->clients[table->slots[slot] - 1].id.at);
        if (!has_bounds(&rows[i]))
            return err_set(err, ERR_STORE,
                "the key %.*s has more scopes or claims than any Reckoner has written", (int)rows[i].id.len,
                rows[i].id.at);
        table->slots[slot] = (uint32_t)i + 1;
        table->entries[i] = (struct entry){.digest = rows[i].digest, .revoked_s = rows[i].revoked_s};
        if (!read_client(&table->arena, &rows[i], &table->clients[i]))
            return err_no_memory(err);
    }
    return ERR_NONE;
}

enum err_code key_table_new(const struct key_row *rows, size_t count, uint64_t generation,
    struct key_table **ret_table, struct err *err)
{
    size_t slots = 2;
    while (slots < 2 * count)
        slots *= 2;
    struct key_table *table = mem_zalloc(1, sizeof(*table));
    if (table == NULL)
        return err_no_memory(err);
    atomic_init(&table->references, 1);
    arena_init(&table->arena, SIZE_MAX); // LIMIT_KEYS bounds it, and what a key may have
    table->generation = generation;
    table->count = count;
    table->entries = arena_zalloc(&table->arena, count, sizeof(*table->entries));
    table->clients = arena_zalloc(&table->arena, count, sizeof(*table->clients));
    table->slots = arena_zalloc(&table->arena, slots, sizeof(*table->slots));
    table->slot_mask = slots - 1;
    bool is_made = table->entries != NULL && table->clients != NULL && table->slots != NULL;
    enum err_code code = is_made ? fill(table, rows, err) : err_no_memory(err);
    if (code != ERR_NONE)
        key_table_unref(table);
    else
        *ret_table = table;
    return code;
}

// --- counting

struct key_table *key_table_ref(struct key_table *table)
{
    atomic_fetch_add_explicit(&table->references, 1, memory_order_relaxed);
    return table;
}

void key_table_unref(struct key_table *table)
{
    if (table == NULL || atomic_fetch_sub_explicit(&table->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < table->count; i++)
        account_unref(table->clients[i].account);
    arena_fini(&table->arena);
    mem_free(table);
}

// --- use

enum key_state key_table_find(const struct key_table *table, const struct secret_digest *digest,
    int64_t now_s, struct client **ret_client)
{
    uint32_t number = table->slots[find_slot(table, digest)];
    if (number == 0)
        return KEY_UNKNOWN;
    struct client *client = &table->clients[number - 1];
    *ret_client = client;
    if (table->entries[number - 1].revoked_s != 0)
        return KEY_REVOKED;
    return now_s >= client->ends_s ? KEY_EXPIRED : KEY_FOUND;
}

uint64_t key_table_generation(const struct key_table *table)
{
    return table->generation;
}

struct client *key_table_clients(struct key_table *table, size_t *ret_count)
{
    *ret_count = table->count;
    return table->clients;
}

size_t key_table_take_uses(struct key_table *table, struct key_use *ret_uses, size_t max)
{
    size_t taken = 0;
    for (size_t looked = 0; looked < table->count && taken < max; looked++) {
        struct client *client = &table->clients[table->next_use];
        table->next_use = table->next_use + 1 < table->count ? table->next_use + 1 : 0;
        int64_t used_s = atomic_exchange_explicit(&client->used_s, 0, memory_order_relaxed);
        if (used_s != 0)
            ret_uses[taken++] = (struct key_use){
                .id = client->id, .secret = client->secret, .client = client, .used_s = used_s};
    }
    return taken;
}

// A use that was noted meanwhile is a later one.
void key_table_give_uses(const struct key_use *uses, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t none = 0;
        atomic_compare_exchange_strong_explicit(
            &uses[i].client->used_s, &none, uses[i].used_s, memory_order_relaxed, memory_order_relaxed);
    }
}

void key_table_carry_uses(struct key_table *table, const struct key_table *before)
{
    for (size_t i = 0; i < before->count; i++) {
        int64_t used_s = atomic_load_explicit(&before->clients[i].used_s, memory_order_relaxed);
        uint32_t number = used_s != 0 ? table->slots[find_slot(table, &before->entries[i].digest)] : 0;
        if (number != 0)
            client_use(&table->clients[number - 1], used_s);
    }
}
