// SPDX-License-Identifier: Apache-2.0
// One question to the database about rations: of all purses that requests wait for, and of those whose
// rations are over. On the thread that fills purses.
//
//     ration_round_init ─ ration_round_want …, ration_round_settle … ─ ration_round_ask ─ ration_round_fini
#ifndef RECKONER_ACCESS_RATION_ROUND_H
#define RECKONER_ACCESS_RATION_ROUND_H

#include <stdbool.h>
#include <stddef.h>

#include "access/account.h"
#include "access/quota_store.h"
#include "base/arena.h"
#include "base/err.h"

struct ration_round {
    struct ration *rations; // LIMIT_RATIONS places; the arena's, as the next
    struct asked *asked;    // whose they are
    size_t count;           // taken
    struct arena arena;     // with the names of accounts
};

// An empty one; ERR_NO_MEMORY.
MUST_CHECK enum err_code ration_round_init(struct ration_round *round, struct err *err);

// Gives up its accounts. A zeroed one is fine.
void ration_round_fini(struct ration_round *round);

// Adds what a request wants that its account does not have. False when there is no place for it: then it is
// for the next round, perhaps with a part of it done.
MUST_CHECK bool ration_round_want(struct ration_round *round, struct account *account,
    const struct quota *quota, unsigned wants, int64_t now_ns);

// Adds what is left of an account's rations that are over, or of all (`is_all`). *ret_has_more: it has
// others, or there was no place.
void ration_round_settle(
    struct ration_round *round, struct account *account, bool is_all, int64_t now_ns, bool *ret_has_more);

// Asks, and fills the purses. `exchange` is quota_store_prepare's. After an error they are as they were, but
// what was to be given back is lost.
MUST_CHECK enum err_code ration_round_ask(
    struct ration_round *round, struct store_conn *conn, struct store_stmt *exchange, struct err *err);

#endif
