// SPDX-License-Identifier: Apache-2.0
// Compares numbers and counts holders. Which edition is in force is edition.c's; when a request is routed and
// freed is handler.c's. An old lease is freed with its last holder, so an idle loop keeps its edition until
// its next request.
#include "serve/lease.h"

#include "base/mem.h"

void leases_init(struct leases *leases, struct editions *editions)
{
    *leases = (struct leases){.editions = editions};
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
    lease_return(leases->newest);
    leases->newest = lease;
    return true;
}

struct lease *lease_borrow(struct leases *leases)
{
    uint64_t number = editions_number(leases->editions);
    if ((leases->newest == NULL || leases->newest->number != number) && !renew(leases))
        return NULL;
    leases->newest->holders++;
    return leases->newest;
}

void lease_return(struct lease *lease)
{
    if (lease == NULL || --lease->holders > 0)
        return;
    edition_unref(lease->edition);
    mem_free(lease);
}
