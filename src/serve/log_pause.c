// SPDX-License-Identifier: Apache-2.0
// One atomic word. What is passed over meanwhile is counted by the caller, or by nobody. Any thread.
#include "serve/log_pause.h"

#include "base/clock.h"

bool log_pause_take(struct log_pause *pause, uint64_t length_ns)
{
    unsigned long long now_ns = clock_monotonic_ns();
    unsigned long long end_ns = atomic_load_explicit(&pause->end_ns, memory_order_relaxed);
    return now_ns >= end_ns && atomic_compare_exchange_strong_explicit(&pause->end_ns, &end_ns,
                                   now_ns + length_ns, memory_order_relaxed, memory_order_relaxed);
}
