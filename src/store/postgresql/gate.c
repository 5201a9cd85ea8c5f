// SPDX-License-Identifier: Apache-2.0
// Who may try to reach the server, so that one that is away does not cost every request the wait for it. Any
// thread.
//
//            a try fails                     the pause is over, or
//     up ─────────────────► down             it was never down
//      ▲                     │ ▲                   │
//      │ a try succeeds      │ │ a try fails       ▼
//      └─────────────────────┴─┴──────────── somebody tries
//
// One connection of the store tries, and the others wait for what becomes of that: LIMIT_STORE_PATIENCE_MS at
// most, and not at all while the store is known to be down. When a try has succeeded, all connect at once.
#include "base/clock.h"
#include "base/thread.h"
#include "store/postgresql/types.h"

void pg_gate_init(struct pg_gate *gate)
{
    cond_init(&gate->changed);
    pthread_mutex_init(&gate->lock, NULL);
}

void pg_gate_fini(struct pg_gate *gate)
{
    pthread_cond_destroy(&gate->changed);
    pthread_mutex_destroy(&gate->lock);
}

// Under the lock: lets the caller in, or tells when to look again; 0: not now.
static bool may_enter(struct pg_gate *gate, uint64_t now_ns, bool *ret_is_trying, uint64_t *ret_again_ns)
{
    bool was_reached =
        gate->pause_ms == 0 && gate->reached_ns != 0 && now_ns - gate->reached_ns < PG_TRUST_MS * NS_PER_MS;
    if (was_reached || (!gate->is_tried && now_ns >= gate->retry_ns)) {
        *ret_is_trying = !was_reached;
        gate->is_tried = gate->is_tried || !was_reached;
        gate->tried_ns = was_reached ? gate->tried_ns : now_ns;
        return true;
    }
    uint64_t again_ns = gate->tried_ns + LIMIT_STORE_PATIENCE_MS * NS_PER_MS;
    *ret_again_ns = gate->is_tried && gate->pause_ms == 0 && now_ns < again_ns ? again_ns : 0;
    return false;
}

enum err_code pg_gate_enter(struct pg_gate *gate, bool *ret_is_trying, struct err *err)
{
    uint64_t again_ns = 1;
    bool is_let_in = false;
    pthread_mutex_lock(&gate->lock);
    while (!is_let_in && again_ns != 0) {
        is_let_in = may_enter(gate, clock_monotonic_ns(), ret_is_trying, &again_ns);
        if (!is_let_in && again_ns != 0)
            (void)cond_wait_until(&gate->changed, &gate->lock, again_ns);
    }
    pthread_mutex_unlock(&gate->lock);
    return is_let_in ? ERR_NONE
                     : err_set(err, ERR_BUSY, "the store cannot be reached at the moment: try again");
}

void pg_gate_leave(struct pg_gate *gate, bool was_trying, bool was_reached)
{
    pthread_mutex_lock(&gate->lock);
    uint64_t now_ns = clock_monotonic_ns();
    if (was_trying)
        gate->is_tried = false;
    if (was_reached) {
        gate->reached_ns = now_ns;
        gate->pause_ms = 0;
    } else {
        gate->pause_ms = gate->pause_ms == 0 ? PG_PAUSE_MS : gate->pause_ms * 2;
        if (gate->pause_ms > PG_PAUSE_MAX_MS)
            gate->pause_ms = PG_PAUSE_MAX_MS;
        gate->retry_ns = now_ns + gate->pause_ms * NS_PER_MS;
    }
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}
