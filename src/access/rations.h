// SPDX-License-Identifier: Apache-2.0
// The thread of one app's accounts: it fills their purses where the store is shared, and saves them where it
// is not.
//
//     shared     a request finds its purse out ─ rations_ask ─► one statement for all that ask ─► it tries
//     again
//                a ration that is over ─► what is left of it goes back, what was used beyond it is charged
//     else       each LIMIT_QUOTA_SAVE_MS, and at the end: what was used of windows of a minute and more
//
// All nodes together never let more through than the allowance and, in any stretch of time, a tenth of it: a
// ration may be spent LIMIT_RATION_MS, or a tenth of the window, after the database has counted it. A node
// that dies, or a connection that is lost in the middle, takes its rations with it; so less by a ration of
// each is let through. What answers cost that are under way is charged when they are there.
#ifndef RECKONER_ACCESS_RATIONS_H
#define RECKONER_ACCESS_RATIONS_H

#include <stddef.h>

#include "access/account.h"
#include "base/err.h"
#include "store/store.h"

struct rations;

// A request that waits for a ration. Its sender's, lent until on_answer.
struct ration_wait {
    struct account *account;   // of which the sender has a reference
    const struct quota *quota; // valid until then
    unsigned wants;            // as of account_admit
    enum err_code failure;     // out: ERR_NONE, or why the database has given nothing
    struct ration_wait *next;  // the thread's own
    // Called once, on the thread or on that of rations_ask, also before that returns; it must not wait.
    void (*on_answer)(struct ration_wait *wait);
};

struct rations_options {
    struct store *store;       // borrowed
    struct accounts *accounts; // borrowed
    size_t service;            // whose
    bool is_shared;            // other nodes serve from the same store (accounts_share)
    uint64_t prune_ms;         // from one pruning of what is full again to the next; 0: ten minutes

    // Called when the store fails that did not before, and with `err` NULL when it works again. On the
    // thread.
    void (*tell)(void *ctx, size_t service, const struct err *err);
    void *ctx; // handed to it; borrowed
};

// Makes the table in the store, reads what was saved, and starts the thread. Errors of the store; ERR_IO.
MUST_CHECK enum err_code rations_new(
    const struct rations_options *options, struct rations **ret_rations, struct err *err);

// Asks for what the request finds wanting. Any thread, also a loop: it does not wait.
void rations_ask(struct rations *rations, struct ration_wait *wait);

// Answers those that wait, gives back or saves what accounts have, and ends the thread. When no request runs
// any more; the store is still open. NULL is fine.
void rations_free(struct rations *rations);

#endif
