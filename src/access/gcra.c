// SPDX-License-Identifier: Apache-2.0
// All sums are of nanoseconds, which int64_t has for 292 years. A product of units and unit_ns is worked out
// as a double: exact up to 2^53 ns, which is three months, so exact for all that an allowance can have left;
// beyond that it is a debt, and is cut.
#include "access/gcra.h"

#include <math.h>

enum { EXACT_UNIT_NS = 1000 }; // from here on rounding up costs a thousandth or less

static const double SECOND_NS = 1e9;

struct gcra_rate gcra_rate_of(uint64_t count, uint32_t window_s)
{
    double window_ns = window_s * SECOND_NS, unit_ns = window_ns / (double)count;
    if (unit_ns < EXACT_UNIT_NS)
        return (struct gcra_rate){.unit_ns = unit_ns, .limit_ns = (int64_t)window_ns};
    unit_ns = ceil(unit_ns);
    return (struct gcra_rate){.unit_ns = unit_ns, .limit_ns = (int64_t)(unit_ns * (double)count)};
}

// At most one unit beyond all of them and what a debt may be.
static int64_t cost_ns(const struct gcra_rate *rate, uint64_t units)
{
    double cost = ceil((double)units * rate->unit_ns), most = 2.0 * (double)rate->limit_ns + rate->unit_ns;
    return (int64_t)(cost < most ? cost : most);
}

static int64_t later(int64_t a_ns, int64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

uint64_t gcra_left(const struct gcra_rate *rate, int64_t tat_ns, int64_t now_ns)
{
    int64_t free_ns = rate->limit_ns - (later(tat_ns, now_ns) - now_ns);
    return free_ns > 0 ? (uint64_t)((double)free_ns / rate->unit_ns) : 0;
}

bool gcra_take(
    const struct gcra_rate *rate, int64_t tat_ns, uint64_t units, int64_t now_ns, int64_t *ret_tat_ns)
{
    int64_t next_ns = later(tat_ns, now_ns) + cost_ns(rate, units);
    if (next_ns - now_ns > rate->limit_ns)
        return false;
    *ret_tat_ns = next_ns;
    return true;
}

// A tat that may come from elsewhere, as far as it can be true: a clock may have jumped.
static int64_t clamp(const struct gcra_rate *rate, int64_t tat_ns, int64_t now_ns)
{
    int64_t most_ns = now_ns + 2 * rate->limit_ns;
    return tat_ns < most_ns ? tat_ns : most_ns;
}

int64_t gcra_charge(const struct gcra_rate *rate, int64_t tat_ns, uint64_t units, int64_t now_ns)
{
    return clamp(rate, later(tat_ns, now_ns) + cost_ns(rate, units), now_ns);
}

int64_t gcra_give_back(const struct gcra_rate *rate, int64_t tat_ns, uint64_t units)
{
    return tat_ns - cost_ns(rate, units);
}

int64_t gcra_wait_ns(const struct gcra_rate *rate, int64_t tat_ns, uint64_t units, int64_t now_ns)
{
    int64_t ahead_ns = later(tat_ns, now_ns) - now_ns + cost_ns(rate, units);
    return ahead_ns > rate->limit_ns ? ahead_ns - rate->limit_ns : 0;
}
