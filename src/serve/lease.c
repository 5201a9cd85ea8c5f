// SPDX-License-Identifier: Apache-2.0
// Compares numbers and counts holders. Which edition is in force is edition.c's, which keys key_ring.c's;
// when a request is routed and freed is handler.c's. An old lease is freed with its last holder, so an idle
// loop keeps its edition until its next request.
#include "serve/lease.h"

#include "base/mem.h"

void leases_init(struct leases *leases, struct editions *editions, struct key_rings *rings,
    const struct jwks_sources *sources)
{
    *leases = (struct leases){.editions = editions, .rings = rings, .sources = sources};
}

void leases_fini(struct leases *leases)
{
    lease_return(leases->newest);
    leases->newest = NULL;
}

// Makes a lease of the edition in force the newest one; false without memory.
static bool renew(struct leases *leases)
{
    struct token_table *tokens = leases->sources != NULL ? token_table_new() : NULL;
    struct lease *lease = mem_alloc(sizeof(*lease));
    if (lease == NULL || (leases->sources != NULL && tokens == NULL)) {
        token_table_free(tokens);
        mem_free(lease);
        return false;
    }
    struct edition *edition = editions_current(leases->editions);
    *lease = (struct lease){.edition = edition, .number = edition->number, .tokens = tokens, .holders = 1};
    if (leases->sources != NULL)
        lease->issuers_number = jwks_sources_number(leases->sources);
    if (leases->rings != NULL)
        lease->keys = key_rings_current(leases->rings);
    lease_return(leases->newest);
    leases->newest = lease;
    return true;
}

// Whether tokens may be looked for, and added, in its table.
static bool is_good_for_tokens(const struct leases *leases, const struct lease *lease)
{
    return lease->issuers_number == jwks_sources_number(leases->sources) &&
           !token_table_is_full(lease->tokens);
}

static bool is_in_force(const struct leases *leases)
{
    const struct lease *lease = leases->newest;
    return lease != NULL && lease->number == editions_number(leases->editions) &&
           (leases->rings == NULL || key_ring_number(lease->keys) == key_rings_number(leases->rings)) &&
           (leases->sources == NULL || is_good_for_tokens(leases, lease));
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
    token_table_free(lease->tokens);
    key_ring_unref(lease->keys);
    edition_unref(lease->edition);
    mem_free(lease);
}
