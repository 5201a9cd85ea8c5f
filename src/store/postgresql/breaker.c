// SPDX-License-Identifier: Apache-2.0
// Who may try to reach the server, so that one that is away does not cost every request the wait for it. Any
// thread.
//
//            a try fails                     the pause is over, or
//     up ─────────────────► down             it was never down
//      ▲                     │ ▲                   │
//      │ a try succeeds      │ │ a try fails       ▼
//      └─────────────────────┴─┴──────────── a connection tries
//
// One connection of the store tries, and the others wait for what becomes of that: LIMIT_STORE_PATIENCE_MS at
// most, and not at all while the store is known to be down. When a try has succeeded, all connect at once.
#include "store/postgresql/breaker.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/thread.h"

enum { PG_TRUST_MS = 1000 }; // after a connect that succeeded no connection waits for another one's

void pg_breaker_init(struct pg_breaker *breaker)
{
    cond_init(&breaker->changed);
    pthread_mutex_init(&breaker->lock, NULL);
}

void pg_breaker_fini(struct pg_breaker *breaker)
{
    pthread_cond_destroy(&breaker->changed);
    pthread_mutex_destroy(&breaker->lock);
}

// Under the lock: lets the caller in, or tells when to look again; 0: not now.
static bool may_enter(
    struct pg_breaker *breaker, uint64_t now_ns, bool *ret_is_trying, uint64_t *ret_again_ns)
{
    bool was_reached = breaker->pause_ms == 0 && breaker->reached_ns != 0 &&
                       now_ns - breaker->reached_ns < PG_TRUST_MS * NS_PER_MS;
    if (was_reached || (!breaker->is_tried && now_ns >= breaker->retry_ns)) {
        *ret_is_trying = !was_reached;
        breaker->is_tried = breaker->is_tried || !was_reached;
        breaker->tried_ns = was_reached ? breaker->tried_ns : now_ns;
        return true;
    }
    uint64_t again_ns = breaker->tried_ns + LIMIT_STORE_PATIENCE_MS * NS_PER_MS;
    *ret_again_ns = breaker->is_tried && breaker->pause_ms == 0 && now_ns < again_ns ? again_ns : 0;
    return false;
}

enum err_code pg_breaker_enter(struct pg_breaker *breaker, bool *ret_is_trying, struct err *err)
{
    uint64_t again_ns = 1;
    bool is_let_in = false;
    pthread_mutex_lock(&breaker->lock);
    while (!is_let_in && again_ns != 0) {
        is_let_in = may_enter(breaker, clock_monotonic_ns(), ret_is_trying, &again_ns);
        if (!is_let_in && again_ns != 0)
            (void)cond_wait_until(&breaker->changed, &breaker->lock, again_ns);
    }
    pthread_mutex_unlock(&breaker->lock);
    return is_let_in ? ERR_NONE
                     : err_set(err, ERR_BUSY, "the store cannot be reached at the moment: try again");
}

void pg_breaker_leave(struct pg_breaker *breaker, bool was_trying, bool was_reached)
{
    pthread_mutex_lock(&breaker->lock);
    uint64_t now_ns = clock_monotonic_ns();
    if (was_trying)
        breaker->is_tried = false;
    if (was_reached) {
        breaker->reached_ns = now_ns;
        breaker->pause_ms = 0;
    } else {
        breaker->pause_ms = breaker->pause_ms == 0 ? PG_PAUSE_MS : breaker->pause_ms * 2;
        if (breaker->pause_ms > PG_PAUSE_MAX_MS)
            breaker->pause_ms = PG_PAUSE_MAX_MS;
        breaker->retry_ns = now_ns + breaker->pause_ms * NS_PER_MS;
    }
    pthread_cond_broadcast(&breaker->changed);
    pthread_mutex_unlock(&breaker->lock);
}
