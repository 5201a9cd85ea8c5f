// SPDX-License-Identifier: Apache-2.0
// Counts what is not told and tells it with the next line, so that nobody fills a log by connecting. Any
// thread.
#include "serve/turned_away.h"

#include "base/clock.h"

void turned_away_tell(struct turned_away *turned_away, struct log *log, const char *peer, const char *why)
{
    unsigned long long now_ns = clock_monotonic_ns();
    unsigned long long next_ns = atomic_load_explicit(&turned_away->next_ns, memory_order_relaxed);
    if (now_ns < next_ns ||
        !atomic_compare_exchange_strong(&turned_away->next_ns, &next_ns, now_ns + NS_PER_S)) {
        atomic_fetch_add_explicit(&turned_away->untold, 1, memory_order_relaxed);
        return;
    }
    unsigned untold = atomic_exchange_explicit(&turned_away->untold, 0, memory_order_relaxed);
    if (untold == 0)
        log_printf(log, "the connection of %s was closed: %s", peer, why);
    else
        log_printf(log, "the connection of %s was closed: %s; so were %u others", peer, why, untold);
}
