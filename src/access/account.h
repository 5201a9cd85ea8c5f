// SPDX-License-Identifier: Apache-2.0
// Accounts: what clients have used of their plans, and how many of their requests run. An account belongs to
// the process. It is found by the number of the app's service and the client's id, or by the address of one
// who shows no key, and stays where it is while somebody has a reference to it. One to which there is none
// stays as well, until LIMIT_ACCOUNTS of those are there: then the longest unused of them goes.
//
// Any thread. Finding takes a lock for some instructions, as does giving a reference back; what happens at
// each request are atomic operations.
//
// An app whose store no other node writes to counts here, by access/gcra.h. Where the store is shared
// (accounts_share) an account only spends *rations*: units that the database has given to this node, for a
// while (rations.h).
#ifndef RECKONER_ACCESS_ACCOUNT_H
#define RECKONER_ACCESS_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access/purse.h"
#include "app/quota.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/span.h"
#include "http/address.h"

struct accounts;

struct account {
    struct accounts *accounts;             // whose; fixed, as all up to `purses`
    size_t service;                        // number of the app's service
    bool is_address;                       // of one without a key: the id is a struct origin
    bool is_shared;                        // its purses are filled by the database
    uint64_t hash;                         // of what it is found by
    struct purse purses[LIMIT_ALLOWANCES]; // one for each allowance that its plan has, or has had
    atomic_uint running;                   // requests that were admitted and have not ended
    atomic_bool is_listed;                 // it is in the list of accounts_take_listed
    struct account *listed_next;           // in that list; of who has taken it
    unsigned references;                   // under the lock of its shard, as the next two
    struct account *newer;                 // of those without a reference
    struct account *older;                 //
    size_t id_len;                         // fixed
    char id[];                             //
};

// --- life

// Accounts of so many services.
MUST_CHECK enum err_code accounts_new(size_t service_count, struct accounts **ret_accounts, struct err *err);

// When nobody uses an account any more. NULL is fine.
void accounts_free(struct accounts *accounts);

// Says that other nodes serve clients from the same store; before the first account of the service is found.
void accounts_share(struct accounts *accounts, size_t service);

// A reference to the account of a client of that service, which is made when there is none. NULL without
// memory.
MUST_CHECK struct account *accounts_find(struct accounts *accounts, size_t service, struct span id);

// Likewise of those who ask from there without a key.
MUST_CHECK struct account *accounts_find_origin(
    struct accounts *accounts, size_t service, const struct origin *origin);

// One more reference; returns account. NULL is fine.
struct account *account_ref(struct account *account);

// Gives a reference back. NULL is fine.
void account_unref(struct account *account);

// --- at a request

struct verdict {
    enum admission admission;
    const struct allowance *allowance; // REFUSED: the one for which to wait longest; ASK: one that is out
    int64_t retry_ns;                  // REFUSED: after so long the same request passes, if no other comes
};

// What a request wants: bits (1u << ALLOWANCE_…). Of requests, batches and concurrent ones it takes one each;
// of rows and bytes, which are charged when the answer is known, something has to be left. A request that is
// ADMITTED with ALLOWANCE_CONCURRENT ends by account_end. `now_ns` is of the monotonic clock.
void account_admit(struct account *account, const struct quota *quota, unsigned wants, int64_t now_ns,
    struct verdict *ret_verdict);

// What an answer has cost, of all allowances of that kind.
void account_charge(
    struct account *account, const struct quota *quota, enum allowance_of of, uint64_t units, int64_t now_ns);

// The end of a request that was admitted, whatever has come of it.
void account_end(struct account *account);

// What is left of one allowance: `*ret_left` units, and after *ret_more_ns there is one more; 0: all are
// there, or it is not known, as with concurrent ones.
void account_left(struct account *account, const struct quota *quota, size_t number, int64_t now_ns,
    uint64_t *ret_left, int64_t *ret_more_ns);

// --- for who fills and saves purses

// The purse of an allowance that is purses[number] unless the plan has changed.
struct purse *account_purse(struct account *account, uint64_t kind, size_t number);

// Puts the account into the list of those that have changed, if it is not there.
void account_list(struct account *account);

// Takes that list: NULL, or its first account. Each comes with a reference, which is the caller's.
struct account *accounts_take_listed(struct accounts *accounts, size_t service);

// The next one of a list that was taken. The account is listed anew when it changes from here on.
struct account *account_unlist(struct account *account);

#endif
