// SPDX-License-Identifier: Apache-2.0
// Slots hold tables: a pointer, nothing, or the mark that a loop has its table in hand, which takes some tens
// of nanoseconds. So neither side ever waits for the other one. Loops wake the taker when they make a table,
// once for each that is taken, so a server in which nothing is counted sleeps.
#include "access/meter.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"

enum { LINE_BYTES = 64 }; // of the processor's cache

// Of one loop.
struct slot {
    _Atomic(struct usage_table *) table;                   // see the drawing in the header
    char apart[LINE_BYTES - sizeof(struct usage_table *)]; // from the next loop's slot
};

struct meter {
    struct slot *slots;       // owned
    size_t count;             // of slots
    atomic_ullong lost;       // requests that were not counted
    pthread_mutex_t lock;     // guards what is below; held for a few instructions
    pthread_cond_t called;    // something of it has changed
    struct usage_table *full; // owned; chained
    size_t full_count;        //
    bool has_counts;          // a slot has got a table since the last take
    bool is_woken;            // by meter_wake
};

static struct usage_table in_hand; // its address is the mark

enum err_code meter_new(size_t slots, struct meter **ret_meter, struct err *err)
{
    struct meter *meter = mem_zalloc(1, sizeof(*meter));
    if (meter == NULL)
        return err_no_memory(err);
    meter->slots = mem_zalloc(slots, sizeof(*meter->slots));
    if (meter->slots == NULL) {
        mem_free(meter);
        return err_no_memory(err);
    }
    meter->count = slots;
    pthread_mutex_init(&meter->lock, NULL);
    cond_init(&meter->called);
    *ret_meter = meter;
    return ERR_NONE;
}

void meter_drop(struct usage_table *table)
{
    if (table == NULL)
        return;
    usage_table_fini(table);
    mem_free(table);
}

void meter_free(struct meter *meter)
{
    if (meter == NULL)
        return;
    bool is_all;
    struct usage_table *taken = meter_take(meter, &is_all);
    for (struct usage_table *next; taken != NULL; taken = next) {
        next = taken->next;
        meter_drop(taken);
    }
    pthread_cond_destroy(&meter->called);
    pthread_mutex_destroy(&meter->lock);
    mem_free(meter->slots);
    mem_free(meter);
}

// --- counting

static struct usage_table *new_table(struct meter *meter)
{
    struct usage_table *table = mem_alloc(sizeof(*table));
    if (table == NULL)
        return NULL;
    usage_table_init(table, LIMIT_USAGE_ENTRIES);
    pthread_mutex_lock(&meter->lock);
    meter->has_counts = true;
    pthread_cond_signal(&meter->called);
    pthread_mutex_unlock(&meter->lock);
    return table;
}

// Puts a full table on the list; false when too many are there.
static bool push_full(struct meter *meter, struct usage_table *table)
{
    pthread_mutex_lock(&meter->lock);
    bool has_room = meter->full_count < LIMIT_USAGE_TABLES;
    if (has_room) {
        table->next = meter->full;
        meter->full = table;
        meter->full_count++;
        pthread_cond_signal(&meter->called);
    }
    pthread_mutex_unlock(&meter->lock);
    return has_room;
}

void meter_count(
    struct meter *meter, size_t number, const struct usage_key *key, const struct usage_counts *counts)
{
    struct slot *slot = &meter->slots[number];
    struct usage_table *table = atomic_exchange_explicit(&slot->table, &in_hand, memory_order_acquire);
    if (table == NULL)
        table = new_table(meter);
    enum err_code code = table != NULL ? usage_table_add(table, key, counts) : ERR_NO_MEMORY;
    if (code == ERR_BUSY && push_full(meter, table)) {
        table = new_table(meter);
        code = table != NULL ? usage_table_add(table, key, counts) : ERR_NO_MEMORY;
    }
    if (code != ERR_NONE)
        atomic_fetch_add_explicit(&meter->lost, counts->requests, memory_order_relaxed);
    atomic_store_explicit(&slot->table, table, memory_order_release);
}

uint64_t meter_lost(struct meter *meter)
{
    return atomic_exchange_explicit(&meter->lost, 0, memory_order_relaxed);
}

// --- the taker

void meter_wait(struct meter *meter)
{
    pthread_mutex_lock(&meter->lock);
    while (!meter->has_counts && !meter->is_woken)
        pthread_cond_wait(&meter->called, &meter->lock);
    meter->is_woken = false;
    pthread_mutex_unlock(&meter->lock);
}

void meter_wait_full(struct meter *meter, uint64_t end_ns)
{
    pthread_mutex_lock(&meter->lock);
    while (meter->full == NULL && !meter->is_woken && clock_monotonic_ns() < end_ns)
        (void)cond_wait_until(&meter->called, &meter->lock, end_ns);
    meter->is_woken = false;
    pthread_mutex_unlock(&meter->lock);
}

void meter_wake(struct meter *meter)
{
    pthread_mutex_lock(&meter->lock);
    meter->is_woken = true;
    pthread_cond_signal(&meter->called);
    pthread_mutex_unlock(&meter->lock);
}

// Takes a slot's table unless its loop has it in hand; false then.
static bool take_slot(struct slot *slot, struct usage_table **ret_table)
{
    struct usage_table *table = atomic_load_explicit(&slot->table, memory_order_relaxed);
    if (table == &in_hand)
        return false;
    if (!atomic_compare_exchange_strong_explicit(
            &slot->table, &table, NULL, memory_order_acquire, memory_order_relaxed))
        return false;
    *ret_table = table;
    return true;
}

struct usage_table *meter_take(struct meter *meter, bool *ret_is_all)
{
    bool is_all = true;
    pthread_mutex_lock(&meter->lock);
    struct usage_table *taken = meter->full;
    meter->full = NULL;
    meter->full_count = 0;
    meter->has_counts = false; // before the slots are looked at: what comes behind that is told again
    pthread_mutex_unlock(&meter->lock);
    for (size_t i = 0; i < meter->count; i++) {
        struct usage_table *table = NULL;
        is_all = take_slot(&meter->slots[i], &table) && is_all;
        if (table != NULL) {
            table->next = taken;
            taken = table;
        }
    }
    *ret_is_all = is_all;
    return taken;
}
