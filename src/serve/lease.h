// SPDX-License-Identifier: Apache-2.0
// A lease is one loop's hold of the edition in force, and of the key ring in force; it has the clients of
// tokens that were good by the keys of issuers in force. Requests borrow it from
// their routing to their end, so that a request costs an atomic load for each and no lock:
//
//     publisher   editions: lock { current }, number; key rings likewise
//     loop        leases: newest ── lease { edition, number, keys, holders }
//     request     borrows the newest lease, and returns it when it is freed
//
// Leases belong to the loop's thread, where requests are routed and freed; once the loop has ended, to the
// thread that frees it. All other threads hold editions by references.
#ifndef RECKONER_SERVE_LEASE_H
#define RECKONER_SERVE_LEASE_H

#include <stddef.h>
#include <stdint.h>

#include "access/jwks_source.h"
#include "access/key_ring.h"
#include "access/token_table.h"
#include "base/attr.h"
#include "serve/edition.h"

struct lease {
    struct edition *edition;    // a counted reference
    uint64_t number;            // of the edition
    struct key_ring *keys;      // a counted reference; NULL where nobody wants keys
    uint64_t issuers_number;    // of the keys of issuers that its tokens were good by
    struct token_table *tokens; // owned; NULL where nobody takes tokens
    size_t holders;             // requests that have it, and one more while it is its loop's newest
};

// What one loop has.
struct leases {
    struct editions *editions;          // borrowed; fixed, as the next
    struct key_rings *rings;            // borrowed; NULL: nobody wants keys
    const struct jwks_sources *sources; // likewise; NULL: nobody takes tokens
    struct lease *newest;               // NULL: none yet
};

// `rings` and `sources` may be NULL.
void leases_init(struct leases *leases, struct editions *editions, struct key_rings *rings,
    const struct jwks_sources *sources);

// Gives up the newest lease, which is freed when the last request returns it.
void leases_fini(struct leases *leases);

// The lease of the edition in force, until lease_return. It is not older than an edition that has answered
// any request whose answer the caller's client could know. NULL without memory.
MUST_CHECK struct lease *lease_borrow(struct leases *leases);

// The same without a hold, until the loop's next call of either.
MUST_CHECK struct lease *lease_newest(struct leases *leases);

// NULL is fine.
void lease_return(struct lease *lease);

#endif
