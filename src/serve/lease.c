// SPDX-License-Identifier: Apache-2.0
// Compares numbers and counts holders. Which edition is in force is edition.c's, which keys key_ring.c's;
// when a request is routed and freed is handler.c's. An old lease is freed with its last holder, so an idle
// loop keeps its edition until its next request.
#include "serve/lease.h"

#include "base/mem.h"

void leases_init(struct leases *leases, struct editions *editions, struct key_rings *rings)
{
    *leases = (struct leases){.editions = editions, .rings = rings};
}

void leases_fini(struct leases *leases)
{
    lease_return(leases->newest);
    leases->newest = NULL;
}

// Makes a lease of the edition in force the newest one; false without memory.
static bool renew(struct leases *leases)
{
    struct lease *lease = mem_alloc(sizeof(*lease));
    if (lease == NULL)
        return false;
    struct edition *edition = editions_current(leases->editions);
    *lease = (struct lease){.edition = edition, .number = edition->number, .holders = 1};
    if (leases->rings != NULL)
        lease->keys = key_rings_current(leases->rings);
    lease_return(leases->newest);
    leases->newest = lease;
    return true;
}

static bool is_in_force(const struct leases *leases)
{
    const struct lease *lease = leases->newest;
    return lease != NULL && lease->number == editions_number(leases->editions) &&
           (leases->rings == NULL || key_ring_number(lease->keys) == key_rings_number(leases->rings));
}

struct lease *lease_newest(struct leases *leases)
{
    return is_in_force(leases) || renew(leases) ? leases->newest : NULL;
}

struct lease *lease_borrow(struct leases *leases)
{
    struct lease *lease = lease_newest(leases);
    if (lease != NULL)
        lease->holders++;
    return lease;
}

void lease_return(struct lease *lease)
{
    if (lease == NULL || --lease->holders > 0)
        return;
    key_ring_unref(lease->keys);
    edition_unref(lease->edition);
    mem_free(lease);
}
