// SPDX-License-Identifier: Apache-2.0
// GCRA, the generic cell rate algorithm: how much of an allowance is left, by one number, the theoretical
// arrival time (tat) at which all of it is there again. Pure functions; times are nanoseconds of any one
// clock. A tat of before now is as good as now, so 0 is one of which nothing was used.
//
//     now                 tat                now + limit_ns
//      ├── what is used ───┼── what is left ───┤          in steps of unit_ns
//
// Who uses all at once gets it back evenly: at most count + elapsed / unit_ns units in any time, and count in
// the long run of a window.
#ifndef RECKONER_ACCESS_GCRA_H
#define RECKONER_ACCESS_GCRA_H

#include <stdbool.h>
#include <stdint.h>

struct gcra_rate {
    double unit_ns;   // that a unit takes to come back; a whole number where it is a microsecond or more
    int64_t limit_ns; // of all units: how far tat may be ahead of now
};

// The rate of `count` (1 to 10^15) units in a window of `window_s` (1 to 10^9) seconds. Exact but for
// rounding unit_ns up: so it allows less by a thousandth at most, and never more.
struct gcra_rate gcra_rate_of(uint64_t count, uint32_t window_s);

// The whole units that are left.
uint64_t gcra_left(const struct gcra_rate *rate, int64_t tat_ns, int64_t now_ns);

// Takes `units` if they are left: the new tat is *ret_tat_ns then, and else nothing is changed.
bool gcra_take(
    const struct gcra_rate *rate, int64_t tat_ns, uint64_t units, int64_t now_ns, int64_t *ret_tat_ns);

// The tat after `units` were used that nobody has asked for: more than are left become a debt, of limit_ns at
// most, as what is beyond would shut a client out for longer than a window.
int64_t gcra_charge(const struct gcra_rate *rate, int64_t tat_ns, uint64_t units, int64_t now_ns);

// The tat after `units` that were taken were not used.
int64_t gcra_give_back(const struct gcra_rate *rate, int64_t tat_ns, uint64_t units);

// How long it is until `units` of them, at most the rate's count, are left; 0: they are.
int64_t gcra_wait_ns(const struct gcra_rate *rate, int64_t tat_ns, uint64_t units, int64_t now_ns);

#endif
