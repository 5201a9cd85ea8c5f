// SPDX-License-Identifier: Apache-2.0
// By what a store knows an account: "c:" and the client's id, or "a:" and an address, of IPv6 with its /64.
// Any thread.
#ifndef RECKONER_ACCESS_ACCOUNT_NAME_H
#define RECKONER_ACCESS_ACCOUNT_NAME_H

#include "access/account.h"
#include "base/arena.h"
#include "base/buf.h"

// Appends a client's id with controls and % as %XX: a database may refuse such bytes, and a line of a list
// ends at them.
void account_name_write_id(struct span id, struct buf *out);

// The account's name, with its id as above, in memory of the arena; its `at` is NULL without memory.
struct span account_name_copy(const struct account *account, struct arena *arena);

// The account of such a name, as accounts_find. NULL without memory, and for a name that is none.
MUST_CHECK struct account *account_name_find(struct accounts *accounts, size_t service, struct span name);

#endif
