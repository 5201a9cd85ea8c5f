// SPDX-License-Identifier: Apache-2.0
// Counts what is not told and tells it with the next line, so that nobody fills a log by connecting. Any
// thread.
#include "serve/turned_away.h"

#include "base/clock.h"

void turned_away_tell(struct turned_away *turned_away, struct log *log, const char *peer, const char *why)
{
    if (!log_pause_take(&turned_away->pause, NS_PER_S)) {
        atomic_fetch_add_explicit(&turned_away->untold, 1, memory_order_relaxed);
        return;
    }
    unsigned untold = atomic_exchange_explicit(&turned_away->untold, 0, memory_order_relaxed);
    if (untold == 0)
        log_printf(log, "the connection of %s was closed: %s", peer, why);
    else
        log_printf(log, "the connection of %s was closed: %s; so were %u others", peer, why, untold);
}
