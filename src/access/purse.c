// SPDX-License-Identifier: Apache-2.0
// Nothing orders the fields of a purse among each other: what a thread does with units is decided by one
// compare-and-swap on them, and whoever comes while a ration is exchanged finds none and asks.
#include "access/purse.h"

static int64_t load(const atomic_int_fast64_t *at)
{
    return atomic_load_explicit(at, memory_order_relaxed);
}

static void store(atomic_int_fast64_t *at, int64_t value)
{
    atomic_store_explicit(at, value, memory_order_relaxed);
}

static bool swap(atomic_int_fast64_t *at, int_fast64_t *old, int64_t value)
{
    return atomic_compare_exchange_weak_explicit(at, old, value, memory_order_relaxed, memory_order_relaxed);
}

uint64_t purse_kind(unsigned of, uint32_t window_s)
{
    return ((uint64_t)of + 1) << 32 | window_s;
}

uint32_t purse_kind_window_s(uint64_t kind)
{
    return (uint32_t)kind;
}

// --- counted here

static enum admission take_here(
    struct purse *purse, const struct gcra_rate *rate, bool is_look, int64_t now_ns, int64_t *ret_wait_ns)
{
    int_fast64_t tat_ns = load(&purse->tat_ns);
    int64_t next_ns;
    do {
        if (!gcra_take(rate, tat_ns, 1, now_ns, &next_ns)) {
            *ret_wait_ns = gcra_wait_ns(rate, tat_ns, 1, now_ns);
            return REFUSED;
        }
    } while (!is_look && !swap(&purse->tat_ns, &tat_ns, next_ns));
    return ADMITTED;
}

static void charge_here(struct purse *purse, const struct gcra_rate *rate, uint64_t units, int64_t now_ns)
{
    int_fast64_t tat_ns = load(&purse->tat_ns);
    while (!swap(&purse->tat_ns, &tat_ns, gcra_charge(rate, tat_ns, units, now_ns))) {
    }
}

// --- rations

static enum admission take_of_ration(
    struct purse *purse, const struct gcra_rate *rate, bool is_look, int64_t now_ns, int64_t *ret_wait_ns)
{
    int_fast64_t units = load(&purse->units);
    while (units >= 1 && now_ns < load(&purse->until_ns)) {
        if (is_look || swap(&purse->units, &units, units - 1))
            return ADMITTED;
    }
    int64_t refused_ns = load(&purse->refused_ns);
    if (now_ns >= refused_ns)
        return ASK;
    int64_t wait_ns = gcra_wait_ns(rate, load(&purse->tat_ns), 1, now_ns);
    *ret_wait_ns = wait_ns > 0 ? wait_ns : refused_ns - now_ns; // others have used what had come back
    return REFUSED;
}

bool purse_is_out(const struct purse *purse, int64_t now_ns)
{
    return load(&purse->units) < 1 || now_ns >= load(&purse->until_ns);
}

int64_t purse_empty(struct purse *purse, int64_t *ret_spent)
{
    int64_t units = atomic_exchange_explicit(&purse->units, 0, memory_order_relaxed);
    bool is_same = purse->filled_kind == atomic_load_explicit(&purse->kind, memory_order_relaxed);
    *ret_spent = is_same ? purse->granted - units : -units;
    purse->granted = 0;
    return units;
}

void purse_fill(struct purse *purse, const struct gcra_rate *rate, int64_t granted, int64_t ahead_ns,
    int64_t life_ns, int64_t rest_ns, int64_t now_ns)
{
    int64_t wait_ns = gcra_wait_ns(rate, now_ns + ahead_ns, 1, now_ns);
    store(&purse->tat_ns, now_ns + ahead_ns);
    store(&purse->until_ns, now_ns + life_ns);
    store(&purse->refused_ns, now_ns + (granted > 0 ? 0 : wait_ns < rest_ns ? wait_ns : rest_ns));
    atomic_fetch_add_explicit(&purse->units, granted, memory_order_relaxed);
    purse->granted = granted;
    purse->filled_kind = atomic_load_explicit(&purse->kind, memory_order_relaxed);
}

void purse_restore(struct purse *purse, int64_t units)
{
    if (units < 0)
        atomic_fetch_add_explicit(&purse->units, units, memory_order_relaxed);
}

// --- either

enum admission purse_take(struct purse *purse, const struct gcra_rate *rate, bool is_shared, bool is_look,
    int64_t now_ns, int64_t *ret_wait_ns)
{
    return is_shared ? take_of_ration(purse, rate, is_look, now_ns, ret_wait_ns)
                     : take_here(purse, rate, is_look, now_ns, ret_wait_ns);
}

void purse_give_back(struct purse *purse, const struct gcra_rate *rate, bool is_shared)
{
    if (is_shared)
        atomic_fetch_add_explicit(&purse->units, 1, memory_order_relaxed);
    else
        atomic_fetch_add_explicit(&purse->tat_ns, gcra_give_back(rate, 0, 1), memory_order_relaxed);
}

void purse_charge(
    struct purse *purse, const struct gcra_rate *rate, bool is_shared, uint64_t units, int64_t now_ns)
{
    if (is_shared)
        atomic_fetch_sub_explicit(&purse->units, (int64_t)units, memory_order_relaxed);
    else
        charge_here(purse, rate, units, now_ns);
}

uint64_t purse_left(const struct purse *purse, const struct gcra_rate *rate, bool is_shared, int64_t now_ns,
    int64_t *ret_more_ns)
{
    int64_t tat_ns = load(&purse->tat_ns), units = is_shared ? load(&purse->units) : 0;
    if (units < 0) // a debt that the database does not know of yet
        tat_ns = gcra_charge(rate, tat_ns, (uint64_t)-units, now_ns);
    uint64_t left = gcra_left(rate, tat_ns, now_ns);
    *ret_more_ns = tat_ns > now_ns ? gcra_wait_ns(rate, tat_ns, left + 1, now_ns) : 0;
    return left + (units > 0 ? (uint64_t)units : 0);
}
