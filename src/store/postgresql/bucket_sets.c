// SPDX-License-Identifier: Apache-2.0
// The numbers of buckets. A round raises those that the database tells of, and all of a set where it cannot
// tell. All numbers come from the one counter of the store's versions, so that none is that of another state:
// also where a set goes by its table for a while, whose number a bucket then has.
#include "store/postgresql/bucket_sets.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "store/postgresql/bucket_hash.h"
#include "store/postgresql/state.h"

// --- any thread

static uint64_t now(const struct version *base)
{
    uint64_t number = pg_bucket_number(base);
    const struct version *table = pg_bucket_table(base);
    return number != 0 ? number : table->now(table);
}

bool pg_is_bucket(const struct version *version)
{
    return version->now == now;
}

const struct version *pg_bucket_table(const struct version *version)
{
    return ((const struct pg_bucket *)version)->set->table;
}

uint64_t pg_bucket_number(const struct version *version)
{
    const struct pg_bucket *bucket = (const struct pg_bucket *)version;
    uint64_t number = atomic_load_explicit(&bucket->number, memory_order_acquire);
    uint64_t whole = atomic_load_explicit(&bucket->set->whole, memory_order_acquire);
    return whole != 0 && number > whole ? number : whole;
}

// Where nothing can be said of the values: the version of the table.
static const struct version *at(const struct version_buckets *base, const struct value *values, size_t count)
{
    const struct pg_bucket_set *set = (const struct pg_bucket_set *)base;
    uint32_t bucket;
    return pg_bucket_of(set->kinds, values, count, &bucket) ? &set->buckets[bucket].base : set->table;
}

// --- the list

void pg_bucket_sets_init(struct pg_bucket_sets *sets)
{
    *sets = (struct pg_bucket_sets){0};
    pthread_mutex_init(&sets->lock, NULL);
}

static void free_set(struct pg_bucket_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        mem_free(set->columns[i]);
    mem_free(set->table_name);
    mem_free(set->key);
    mem_free(set);
}

void pg_bucket_sets_fini(struct pg_bucket_sets *sets)
{
    struct pg_bucket_set *set = atomic_load_explicit(&sets->first, memory_order_relaxed);
    while (set != NULL) {
        struct pg_bucket_set *next = set->next;
        free_set(set);
        set = next;
    }
    pthread_mutex_destroy(&sets->lock);
}

// NULL without memory.
static char *make_key(const char *table_name, const struct span *columns, size_t count)
{
    AUTO(buf_fini) struct buf key;
    buf_init(&key, LIMIT_APP_FILE_BYTES);
    buf_append_byte(&key, PG_STATE_SET);
    buf_append_str(&key, table_name);
    for (size_t i = 0; i < count; i++) {
        buf_append_byte(&key, PG_STATE_SEPARATOR);
        buf_append(&key, columns[i].at, columns[i].len);
    }
    buf_append_byte(&key, '\0');
    return buf_status(&key) == ERR_NONE ? mem_strdup(key.data) : NULL;
}

struct pg_bucket_set *pg_bucket_set_new(const struct version *table, const char *table_name,
    const struct span *columns, size_t count, const char *kinds)
{
    struct pg_bucket_set *set = mem_zalloc(1, sizeof(*set));
    if (set == NULL)
        return NULL;
    set->base.at = at;
    set->table = table;
    set->table_name = mem_strdup(table_name);
    set->key = make_key(table_name, columns, count);
    bool has_all = set->table_name != NULL && set->key != NULL;
    for (; set->count < count && has_all; set->count++) {
        struct span column = columns[set->count];
        set->kinds[set->count] = kinds[set->count];
        set->columns[set->count] = mem_strndup(column.at, column.len);
        has_all = set->columns[set->count] != NULL;
    }
    for (size_t i = 0; i < LIMIT_BUCKETS; i++) {
        set->buckets[i].base.now = now;
        set->buckets[i].set = set;
    }
    if (has_all)
        return set;
    free_set(set);
    return NULL;
}

struct pg_bucket_set *pg_bucket_sets_add(struct pg_bucket_sets *sets, struct pg_bucket_set *made)
{
    unsigned count = 0;
    pthread_mutex_lock(&sets->lock);
    struct pg_bucket_set *first = atomic_load_explicit(&sets->first, memory_order_relaxed), *found = first;
    for (; found != NULL; found = found->next, count++) {
        if (strcmp(found->key, made->key) == 0 && strcmp(found->kinds, made->kinds) == 0)
            break;
    }
    if (found == NULL && count < LIMIT_BUCKET_SETS) {
        made->next = first;
        atomic_store_explicit(&sets->first, made, memory_order_release);
        found = made;
    }
    pthread_mutex_unlock(&sets->lock);
    if (found != made)
        free_set(made);
    return found;
}

// --- rounds

// `numbers` has other characters between them.
static void raise_some(struct pg_bucket_set *set, const char *numbers, uint64_t number)
{
    for (const char *c = numbers; *c != '\0'; c++) {
        unsigned bucket = 0;
        if (!ascii_is_digit(*c))
            continue;
        for (; ascii_is_digit(*c); c++)
            bucket = 10 * bucket + (unsigned)(*c - '0');
        if (bucket < LIMIT_BUCKETS)
            atomic_store_explicit(&set->buckets[bucket].number, number, memory_order_release);
        c--;
    }
}

static void take(struct pg_bucket_set *set, struct version_slots *slots, const PGresult *state, bool follows)
{
    int table = pg_find_row(state, set->table_name), row = pg_find_row(state, set->key);
    bool was_by_itself = atomic_load_explicit(&set->whole, memory_order_relaxed) != 0;
    uint64_t shape = table >= 0 ? pg_number_at(state, table, PG_STATE_SHAPE) : 0;
    if (!set->has_table || shape != set->shape)
        set->next_try_ns = 0;
    set->has_table = table >= 0;
    set->shape = shape;
    if (!set->has_table || row < 0 || !set->is_checked || set->checked != set->shape) {
        atomic_store_explicit(&set->whole, 0, memory_order_release);
        return;
    }
    uint64_t triggers = pg_number_at(state, row, PG_STATE_ROWS);
    const char *raised =
        PQgetisnull(state, row, PG_STATE_TEXT) ? NULL : PQgetvalue(state, row, PG_STATE_TEXT);
    bool is_told =
        follows && was_by_itself && triggers == set->triggers && (raised == NULL || raised[0] != '\0');
    set->triggers = triggers;
    if (!is_told)
        atomic_store_explicit(&set->whole, version_slots_number(slots), memory_order_release);
    else if (raised != NULL)
        raise_some(set, raised, version_slots_number(slots));
}

void pg_bucket_sets_take(
    struct pg_bucket_sets *sets, struct version_slots *slots, const PGresult *state, bool follows)
{
    struct pg_bucket_set *set = atomic_load_explicit(&sets->first, memory_order_acquire);
    for (; set != NULL; set = set->next)
        take(set, slots, state, follows);
}

void pg_bucket_sets_forget(struct pg_bucket_sets *sets)
{
    struct pg_bucket_set *set = atomic_load_explicit(&sets->first, memory_order_acquire);
    for (; set != NULL; set = set->next) {
        set->has_table = false;
        atomic_store_explicit(&set->whole, 0, memory_order_release);
    }
}
