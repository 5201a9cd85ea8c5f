// SPDX-License-Identifier: Apache-2.0
// A round of the courier with the outbox: in one transaction what was sent is settled, and what is due is
// taken.
//
//     plan ─ look (a connection for reading) ─ make (the desk) ─ finish
//
// The courier's thread, but for hook_round_make.
#ifndef RECKONER_HOOKS_HOOK_ROUND_H
#define RECKONER_HOOKS_HOOK_ROUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"
#include "hooks/destinations.h"
#include "hooks/hook_post.h"
#include "hooks/posts.h"
#include "store/own_sql.h"

// Hooks of one destination that are to be taken.
struct hook_take {
    size_t destination; // its number
    unsigned most;      //
    bool has_ahead;     // some of them wait for longer than any pause: the clock was ahead
};

// What is fixed before the desk gets it. Till hook_round_make has ended it has the posts that are named here
// for itself.
struct hook_round {
    const struct destinations *destinations;    // borrowed
    struct hook_post *settled[LIMIT_HOOK_SENT]; // that are over
    bool ends_old[LIMIT_HOOK_SENT];             // of each: its hook is given up if it is old
    size_t settled_count;                       //
    struct hook_post *taken[LIMIT_HOOK_SENT];   // free ones; out: the first `taken_count` have hooks
    size_t room, taken_count;                   //
    struct hook_take takes[LIMIT_HOOK_SENT];    // of each destination that has some
    size_t take_count;                          //
    size_t at;                                  // the one of them that is worked on
    int64_t token;                              // of those that are taken
    int64_t now_ms;                             // the database's clock, while it is made
    size_t given_up;                            // out: of those that were settled
};

// Plans to settle the posts that are over.
void hook_round_plan(struct hook_round *round, struct posts *posts, const struct destinations *destinations);

// Looks which destinations have room and hooks that are due, the `first`th of them first, and plans to take
// these. Errors of the store.
MUST_CHECK enum err_code hook_round_look(
    struct hook_round *round, size_t first, struct own_statements *own, struct err *err);

// Whether there is anything to do.
static inline bool hook_round_has_work(const struct hook_round *round)
{
    return round->settled_count > 0 || round->take_count > 0;
}

// Does it, in a transaction of the caller's, for struct desk_change; `ctx` is the round. On the desk's
// thread.
MUST_CHECK enum err_code hook_round_make(void *ctx, struct own_statements *own, struct err *err);

#endif
