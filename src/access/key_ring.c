// SPDX-License-Identifier: Apache-2.0
// Makes rings of tables, counts references, and keeps the one in force. What a key is, is key_table.h's;
// reading keys is key_store.h's; when keepers ask is their own. Several keepers may
// make rings, each for another service; the lock puts them in order.
#include "access/key_ring.h"

#include <pthread.h>
#include <stdatomic.h>

#include "access/audit.h"
#include "access/key_store.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

struct key_ring {
    atomic_uint references;     // any thread
    uint64_t number;            // fixed, as what follows
    size_t count;               // of services
    struct key_table *tables[]; // references; NULL: not known yet
};

struct key_rings {
    size_t count; // of services; fixed, as the next two
    void (*prepare)(void *ctx, size_t service, struct key_table *table);
    void *ctx;                // borrowed
    pthread_mutex_t lock;     // guards `current`; held for a few instructions and a reference a service
    struct key_ring *current; // a reference; never NULL
    _Atomic(uint64_t) number; // of `current`; written under the lock, read by any thread
    _Atomic(uint64_t)
        asked_ns[]; // by service: when the last question that it has answered began; 0: none yet
};

// --- rings

static struct key_ring *ring_new(size_t count, uint64_t number)
{
    struct key_ring *ring = mem_zalloc(1, sizeof(*ring) + count * sizeof(ring->tables[0]));
    if (ring == NULL)
        return NULL;
    atomic_init(&ring->references, 1);
    ring->number = number;
    ring->count = count;
    return ring;
}

struct key_table *key_ring_table(const struct key_ring *ring, size_t service)
{
    return ring->tables[service];
}

uint64_t key_ring_number(const struct key_ring *ring)
{
    return ring->number;
}

void key_ring_unref(struct key_ring *ring)
{
    if (ring == NULL || atomic_fetch_sub_explicit(&ring->references, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < ring->count; i++)
        key_table_unref(ring->tables[i]);
    mem_free(ring);
}

// --- the one in force

enum err_code key_rings_new(size_t service_count,
    void (*prepare)(void *ctx, size_t service, struct key_table *table), void *ctx,
    struct key_rings **ret_rings, struct err *err)
{
    struct key_rings *rings = mem_zalloc(1, sizeof(*rings) + service_count * sizeof(rings->asked_ns[0]));
    if (rings == NULL)
        return err_no_memory(err);
    rings->count = service_count;
    rings->prepare = prepare;
    rings->ctx = ctx;
    rings->current = ring_new(service_count, 1);
    if (rings->current == NULL) {
        mem_free(rings);
        return err_no_memory(err);
    }
    pthread_mutex_init(&rings->lock, NULL);
    atomic_init(&rings->number, 1);
    *ret_rings = rings;
    return ERR_NONE;
}

void key_rings_free(struct key_rings *rings)
{
    if (rings == NULL)
        return;
    key_ring_unref(rings->current);
    pthread_mutex_destroy(&rings->lock);
    mem_free(rings);
}

// A thread that learns of a ring's publication loads the number after that, and so sees it.
uint64_t key_rings_number(const struct key_rings *rings)
{
    return atomic_load_explicit(&rings->number, memory_order_acquire);
}

struct key_ring *key_rings_current(struct key_rings *rings)
{
    pthread_mutex_lock(&rings->lock);
    struct key_ring *current = rings->current;
    atomic_fetch_add_explicit(&current->references, 1, memory_order_relaxed);
    pthread_mutex_unlock(&rings->lock);
    return current;
}

bool key_rings_are_known(const struct key_rings *rings, size_t service, uint64_t now_ns)
{
    uint64_t asked_ns = atomic_load_explicit(&rings->asked_ns[service], memory_order_acquire);
    return asked_ns != 0 && now_ns < asked_ns + LIMIT_KEYS_STALE_MS * NS_PER_MS;
}

// --- keepers

// Puts a ring in force that has `table` as that service's; takes the reference.
static enum err_code publish(
    struct key_rings *rings, size_t service, struct key_table *table, struct err *err)
{
    struct key_ring *ring = ring_new(rings->count, 0);
    if (ring == NULL) {
        key_table_unref(table);
        return err_no_memory(err);
    }
    pthread_mutex_lock(&rings->lock);
    struct key_ring *before = rings->current;
    for (size_t i = 0; i < rings->count; i++) {
        if (i == service)
            ring->tables[i] = table;
        else if (before->tables[i] != NULL)
            ring->tables[i] = key_table_ref(before->tables[i]);
    }
    ring->number = before->number + 1;
    rings->current = ring;
    atomic_store_explicit(&rings->number, ring->number, memory_order_release);
    pthread_mutex_unlock(&rings->lock);
    key_ring_unref(before);
    return ERR_NONE;
}

// `before` is the service's table in force; NULL: there is none yet. Nobody else replaces it.
static enum err_code read_keys(struct key_rings *rings, size_t service, struct key_table *before,
    struct store_conn *conn, struct err *err)
{
    struct key_table *table;
    enum err_code code = key_store_read(conn, clock_wall_ms() / 1000, &table, err);
    if (code != ERR_NONE)
        return code;
    if (before != NULL)
        key_table_carry_uses(table, before);
    if (rings->prepare != NULL)
        rings->prepare(rings->ctx, service, table);
    return publish(rings, service, table, err);
}

// The generation is asked for before the keys are read: so keys that change in between are read once more.
enum err_code key_rings_ask(struct key_rings *rings, size_t service, struct store_conn *conn, struct err *err)
{
    struct key_ring *ring = key_rings_current(rings);
    struct key_table *table = ring->tables[service];
    uint64_t begun_ns = clock_monotonic_ns(), generation;
    enum err_code code = audit_generation(conn, &generation, err);
    if (code == ERR_NONE && (table == NULL || key_table_generation(table) != generation))
        code = read_keys(rings, service, table, conn, err);
    key_ring_unref(ring);
    if (code == ERR_NONE)
        atomic_store_explicit(&rings->asked_ns[service], begun_ns, memory_order_release);
    return code;
}
