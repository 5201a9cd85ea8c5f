// SPDX-License-Identifier: Apache-2.0
// The key tables of all services at one moment. A ring never changes once it is in force; when
// the keys of a service have changed, a new one takes its place. Loops have it by leases (serve/lease.h), as
// they have editions.
//
//     reckoner key    the store: a row, and a new generation
//     keeper          each LIMIT_KEYS_ASK_MS: another generation? ─ a new table ─ a new ring, in force
//     loop            one atomic load a request: another ring? ─ a new lease
#ifndef RECKONER_ACCESS_KEY_RING_H
#define RECKONER_ACCESS_KEY_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access/key_table.h"
#include "base/err.h"
#include "store/store.h"

struct key_ring;
struct key_rings; // the place where the one in force is found

// The table of a service; NULL: not known yet. Valid as long as the ring.
struct key_table *key_ring_table(const struct key_ring *ring, size_t service);

// The number of the ring among those that were in force, from 1.
uint64_t key_ring_number(const struct key_ring *ring);

// Drops a reference; the last one frees. NULL is fine. Any thread.
void key_ring_unref(struct key_ring *ring);

// Makes the place, with a ring of no tables in force. `prepare`, if it is not NULL, is called on the thread
// of the service's keeper for each table before it is published, for accounts of its clients, say; `ctx` is
// borrowed. ERR_NO_MEMORY.
MUST_CHECK enum err_code key_rings_new(size_t service_count,
    void (*prepare)(void *ctx, size_t service, struct key_table *table), void *ctx,
    struct key_rings **ret_rings, struct err *err);

// NULL is fine. Nobody may ask any more; rings that are still held live on.
void key_rings_free(struct key_rings *rings);

// Asks the store of a service for its keys: a new ring is in force when it returns, if they have changed. On
// one thread at a time for each service, its keeper's. Errors of key_store.h.
MUST_CHECK enum err_code key_rings_ask(
    struct key_rings *rings, size_t service, struct store_conn *conn, struct err *err);

// The number of the ring in force, by one atomic load. Any thread.
uint64_t key_rings_number(const struct key_rings *rings);

// A reference to the ring in force, which the caller owns. Any thread.
struct key_ring *key_rings_current(struct key_rings *rings);

// Whether the service's keys are known at that moment of the monotonic clock: the store has told within the
// last LIMIT_KEYS_STALE_MS whether they have changed. Where they are not, a key may have been revoked
// meanwhile. Any thread, by one atomic load.
bool key_rings_are_known(const struct key_rings *rings, size_t service, uint64_t now_ns);

#endif
