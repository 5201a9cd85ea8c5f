// SPDX-License-Identifier: Apache-2.0
// One number, changed atomically. It orders nothing else: a thread that takes bytes learns only that there is
// room. Any thread.
#include "base/budget.h"

bool budget_take(struct budget *budget, size_t bytes)
{
    if (budget == NULL)
        return true;
    size_t used = atomic_load_explicit(&budget->used_bytes, memory_order_relaxed);
    do {
        if (bytes > budget->max_bytes || used > budget->max_bytes - bytes)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(
        &budget->used_bytes, &used, used + bytes, memory_order_relaxed, memory_order_relaxed));
    return true;
}

bool budget_is_spent(const struct budget *budget)
{
    return atomic_load_explicit(&budget->used_bytes, memory_order_relaxed) >= budget->max_bytes;
}

void budget_give_back(struct budget *budget, size_t bytes)
{
    if (budget != NULL)
        atomic_fetch_sub_explicit(&budget->used_bytes, bytes, memory_order_relaxed);
}
