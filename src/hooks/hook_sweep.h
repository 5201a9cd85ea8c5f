// SPDX-License-Identifier: Apache-2.0
// Giving up what was tried for too long: now and then the outbox is gone through for hooks that are old and
// whose destination has failed for good, or is gone; and those that were given up long ago are removed. It
// takes a transaction of the desk's for each step, with rounds of the courier between two. The courier's
// thread.
#ifndef RECKONER_HOOKS_HOOK_SWEEP_H
#define RECKONER_HOOKS_HOOK_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "batch/desk.h"
#include "hooks/destinations.h"
#include "hooks/posts.h"
#include "store/own_sql.h"

struct hook_sweep_names;

struct hook_sweep {
    uint64_t next_ns;               // monotonic: when old ones are looked for next
    struct hook_sweep_names *names; // owned; of endpoints, in a sweep that goes on; NULL: none does
};

// None goes on; the first one waits until the start of the server is over.
void hook_sweep_init(struct hook_sweep *sweep);

// Whether one goes on, or its time has come.
static inline bool hook_sweep_is_due(const struct hook_sweep *sweep, uint64_t now_ns)
{
    return sweep->names != NULL || now_ns >= sweep->next_ns;
}

// Does one step of it: reads which endpoints hooks wait for, by `own`, or has the desk do what is next.
// *ret_given_up: hooks that the step has given up.
void hook_sweep_step(struct hook_sweep *sweep, const struct destinations *destinations, struct posts *posts,
    struct desk *desk, struct own_statements *own, size_t *ret_given_up);

void hook_sweep_fini(struct hook_sweep *sweep);

#endif
