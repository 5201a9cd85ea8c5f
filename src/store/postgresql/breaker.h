// SPDX-License-Identifier: Apache-2.0
// A circuit breaker: who may try to reach a server that was lost.
#ifndef RECKONER_STORE_POSTGRESQL_BREAKER_H
#define RECKONER_STORE_POSTGRESQL_BREAKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum {
    PG_PAUSE_MS = 100,      // after a failed connect: the first pause before the next; it doubles …
    PG_PAUSE_MAX_MS = 1000, // … up to this, so that Retry-After: 1 is true
};

// Whether the server can be reached, as far as the store's connections know.
struct pg_breaker {
    pthread_mutex_t lock;   // guards the rest
    pthread_cond_t changed; // broadcast when a try has ended
    bool is_tried;          // a connection tries
    uint64_t tried_ns;      // since when; as all moments here, on the monotonic clock
    uint64_t reached_ns;    // when it was reached last; 0: never yet, but by store_connect
    uint64_t pause_ms;      // of the last failure; 0: the last try has succeeded
    uint64_t retry_ns;      // no connection tries before
};

void pg_breaker_init(struct pg_breaker *breaker);
void pg_breaker_fini(struct pg_breaker *breaker);

// Lets the caller connect, who tells by pg_breaker_leave how it went, with the same `is_trying`. ERR_BUSY,
// after LIMIT_STORE_PATIENCE_MS at most, where that would only be one more wait.
MUST_CHECK enum err_code pg_breaker_enter(struct pg_breaker *breaker, bool *ret_is_trying, struct err *err);
void pg_breaker_leave(struct pg_breaker *breaker, bool was_trying, bool was_reached);

#endif
